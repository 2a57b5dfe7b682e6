import { guarded } from '../time/abort.js';
import { label, type BlockDescriptor } from './descriptor.js';

/** Every error code of the core, and what it means. The text of an error adds the particulars. */
export const ERROR_CODES = {
  BAD_SETUP: 'the satellite cannot be assembled; fix every problem listed',
  BAD_CONFIG: 'a configuration is missing or does not fit its schema',
  INIT_FAILED: 'a block failed to initialise; the cause says why',
  ABORTED: 'a landing was requested before all blocks were initialised',
  ALREADY_LAUNCHED: 'a flight can be launched only once; prepare another',
  BLOCK_FAILED: 'a callback failed in flight and the satellite landed',
  TIMEOUT: 'a deadline passed',
  CONNECTION_LOST: 'the connection to the server is lost',
  SERVER_AWAY: 'the server is away; send the refused message again later',
  SERVER_REFUSED: 'the server refuses the message for good; correct the message, or the server',
  SERVER_FULL: 'the server has no room for now; send the refused message again later',
  CANNOT_RESUME: 'the server does not have all messages after that one; begin with those to come',
  NOBODY_LISTENS: 'there is no responder for these requests; start one, or correct the target',
  UNKNOWN_MESSAGE: 'the block does not take such a message; correct the sender',
  ASK_REFUSED: 'the question was not accepted: the block takes no messages, has finished, or its mailbox is full',
  ASK_UNREACHABLE: 'the block is in another process, and none with it is there; ask again when one is',
  ASK_DROPPED: 'the question was accepted, then dropped to make room',
  ASK_FAILED: 'the block that was asked failed; the cause says why',
  ASK_TIMEOUT: 'no answer in time',
  ASK_ABORTED: 'the asker gave up',
  ASK_ENDED: 'the block that was asked finished before it answered',
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Details of a {@link SputnikError}. */
export type ErrorDetails<R = unknown> = Partial<Omit<SputnikError<R>, 'name' | 'message' | 'stack' | 'code'>>;

/**
 * The one error class of the core. It has a stable `code`, and the block, callback and `cause` if there are any.
 *
 * @example
 * import { Sputnik, SputnikError } from '@sputnikjs/core';
 * const options = { appBlocks: [{ name: 'connector' }], blockFactories: {} };
 * const error = await new Sputnik(options).prepare().catch((reason: unknown) => reason);
 * if (!(error instanceof SputnikError)) throw error;
 * console.log(error.code, error.problems.length); // BAD_SETUP 2
 */
export class SputnikError<R = unknown> extends Error {
  override readonly name = 'SputnikError';
  readonly code: ErrorCode;
  /** The block it happened in. */
  readonly block: BlockDescriptor | undefined;
  /** The callback it happened in. */
  readonly callback: string | undefined;
  /** All problems, one line each (BAD_SETUP, BAD_CONFIG). */
  readonly problems: readonly string[];
  /** The landing report (BLOCK_FAILED, INIT_FAILED, ABORTED). */
  readonly report: R | undefined;

  constructor(code: ErrorCode, text?: string, details: ErrorDetails<R> = {}) {
    const { block, callback, problems = [] } = details;
    const where = block && `block ${label(block)}${callback ? `, ${callback}` : ''}: `;
    const list = problems.map((problem) => `\n  - ${problem}`).join('');
    super(`${where ?? ''}${text ?? ERROR_CODES[code]}${list}`, 'cause' in details ? { cause: details.cause } : {});
    this.code = code;
    this.block = block;
    this.callback = callback;
    this.problems = problems;
    this.report = details.report;
  }
}

/** The text of anything that was thrown. Never throws. */
export function textOf(error: unknown): string {
  return guarded(() => String(error instanceof Error ? error.message : error), 'an error that cannot be shown');
}
