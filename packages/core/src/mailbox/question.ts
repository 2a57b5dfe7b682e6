import type { Asker, BlockCommunicator } from '../api/block-communicator.js';
import type { Expiring } from '../time/deadlines.js';
import type { BlockDescriptor } from '../api/descriptor.js';
import { SputnikError, type ErrorCode } from '../api/errors.js';
import type { Line } from '../time/line.js';

/** Who sent a message, as its receiver gets to know them. */
export interface Sender {
  readonly from: BlockCommunicator;
  /** What they asked, if they did. */
  readonly question: Question | undefined;
}

/** Who is asked. */
export interface Asked {
  readonly descriptor: BlockDescriptor;
  readonly mailbox: { readonly callback: 'onMsg' | 'onMsgs' } | undefined;
}

/** One `ask`: settles once, with the answer or with why there is none (M5). */
export class Question implements Sender, Expiring, Asker {
  readonly from: BlockCommunicator;
  readonly to: Asked;
  at = 0;
  before: Expiring | undefined = undefined;
  after: Expiring | undefined = undefined;
  line: Line<Expiring> | undefined = undefined;
  isWaiting = true;
  /** Leaves the line of those that wait for room; undefined unless it stands there. */
  leave: (() => void) | undefined = undefined;
  /** Forgets the asker's signal. */
  forget: (() => void) | undefined = undefined;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: SputnikError) => void;

  constructor(
    from: BlockCommunicator,
    to: Asked,
    resolve: (value: unknown) => void,
    reject: (error: SputnikError) => void,
  ) {
    this.from = from;
    this.to = to;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get question(): this {
    return this;
  }

  answer(value: unknown): void {
    if (this.#end()) this.#resolve(value);
  }

  /** Gives the reason why there is no answer. False if nobody waits for one any longer. */
  fail(code: ErrorCode, cause?: unknown): boolean {
    if (!this.#end()) return false;
    const { descriptor: block, mailbox: { callback } = { callback: 'onMsg' } } = this.to;
    this.#reject(new SputnikError(code, undefined, { block, callback, cause }));
    return true;
  }

  /** What was accepted may be handled all the same; what never was is safe to ask again. */
  expire(): void {
    // guard: M5 what never found room is safe to ask again
    this.fail(this.leave ? 'ASK_REFUSED' : 'ASK_TIMEOUT');
  }

  #end(): boolean {
    // guard: M5 an ask settles once
    if (!this.isWaiting) return false;
    this.isWaiting = false;
    // guard: M5 a question that has ended has no time-out any more
    this.line?.leave(this);
    // guard: L6 a question that has ended forgets its signal
    this.forget?.();
    // guard: M5 a question that gives up leaves the line
    this.leave?.();
    return true;
  }
}
