import type { ErrorCode } from './errors.js';

/** Who sent a message, and how to answer if it is a question. */
export interface Sender<F> {
  readonly from: () => F;
  answer?(value: unknown): void;
  /** False if the asker had already given up. */
  fail?(code: ErrorCode, cause?: unknown): boolean;
}

/** What became of messages that failed and whose askers do not know it. */
export interface Lost {
  readonly error: unknown;
  /** True if somebody had asked, and gave up. */
  readonly asked: boolean;
  readonly count: number;
}

/** A message in a mailbox, and who sent it. */
export type Entry<F> = readonly [msg: object, sender: Sender<F>];

/** A message of a batch. Its outcome is its own: the first that is given counts. */
export interface Mail<M = unknown, A = unknown, F = unknown> {
  readonly msg: M;
  readonly from: F;
  /** It is handled; the value answers an `ask`. A promise is no value: await it first. */
  reply(value?: A): void;
  /** It failed. */
  fail(error: unknown): void;
}
