import type { Asker, BlockCommunicator } from '../api/block-communicator.js';
import type { ErrorCode } from '../api/errors.js';

/** Who sent a message, as its receiver gets to know them. One that asks is a {@link Question}. */
export class Sender {
  readonly from: BlockCommunicator;
  constructor(from: BlockCommunicator) {
    this.from = from;
  }

  /** Who waits, or waited, for an answer, if anybody asked. */
  get asker(): Asker | undefined {
    return undefined;
  }

  /** Gives the answer to the asker. */
  answer(_value: unknown): void {}

  /** Gives the reason why there is no answer. False if nobody waits for one, or no longer. */
  fail(_code: ErrorCode, _cause?: unknown): boolean {
    return false;
  }
}
