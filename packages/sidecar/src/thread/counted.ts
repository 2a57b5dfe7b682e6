import type { BlockDescriptor, MessageObserver, Outcome } from '@sputnikjs/core';
import { Acknowledgements } from '../remote/acknowledgements.js';

/** Where a thread counts what is lost with it, in memory that both threads see. */
export const HELD = 0;
export const SENT = 1;

/** In a thread: acknowledges the messages from outside, and counts those that only the thread has. */
export class CountedAcknowledgements extends Acknowledgements {
  readonly #counts: Int32Array;

  constructor(counts: Int32Array) {
    super();
    this.#counts = counts;
  }

  accepted(msg: object, _from: BlockDescriptor, to: BlockDescriptor): void {
    if (!this.isExpected(msg, to)) this.#count(HELD, 1);
  }

  override settled(msg: object, to: BlockDescriptor, how: Outcome): void {
    if (this.isExpected(msg, to)) super.settled(msg, to, how);
    else this.#count(HELD, -1);
  }

  /** Of what is on its way out. */
  readonly outward: MessageObserver = { accepted: () => this.#count(SENT, 1) };

  #count(at: number, by: number): void {
    this.#counts[at] = (this.#counts[at] ?? 0) + by;
  }
}
