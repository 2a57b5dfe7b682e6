import type { BlockCommunicator } from './block-communicator.js';
import type { ErrorCode } from './errors.js';

/** Who sent a message, as its receiver gets to know them. One that asks is a {@link Question}. */
export class Sender {
  readonly from: BlockCommunicator;
  constructor(from: BlockCommunicator) {
    this.from = from;
  }

  /** Whether somebody asked. */
  get asks(): boolean {
    return false;
  }

  /** Gives the answer to whoever asked. */
  answer(_value: unknown): void {}

  /** Gives the reason why there is no answer. False if nobody waits for one, or no longer. */
  fail(_code: ErrorCode, _cause?: unknown): boolean {
    return false;
  }
}
