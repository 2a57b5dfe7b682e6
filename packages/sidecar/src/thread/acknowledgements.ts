import type { BlockDescriptor, MessageObserver, Outcome } from '@sputnikjs/core';
import type { Link } from './link.js';

interface Expected {
  /** The address of the receiving block. */
  readonly address: string;
  /** Undefined for a question: its answer acknowledges it. */
  readonly number: number | undefined;
}

/** Indexes of the two counts in memory that both threads share: messages that only the thread holds, and messages that it has sent. */
export const HELD = 0;
export const SENT = 1;

/** Runs in the thread. Acknowledges a message from outside when its handler has settled, and counts the messages that only the thread holds. */
export class Acknowledgements implements MessageObserver {
  readonly #counts: Int32Array;
  readonly #link: Pick<Link, 'settle'>;
  readonly #expected = new Map<object, Expected>();

  constructor(counts: Int32Array, link: Pick<Link, 'settle'>) {
    this.#counts = counts;
    this.#link = link;
  }

  expect(msg: object, address: string, number: number | undefined): void {
    this.#expected.set(msg, { address, number });
  }

  forget(msg: object): void {
    this.#expected.delete(msg);
  }

  accepted(msg: object, _from: BlockDescriptor, to: BlockDescriptor): void {
    if (this.#expected.get(msg)?.address !== to.responsibility) this.#count(HELD, 1);
  }

  begun(): boolean {
    return true;
  }

  settled(msg: object, to: BlockDescriptor, _how: Outcome): void {
    const expected = this.#expected.get(msg);
    if (expected?.address !== to.responsibility) return this.#count(HELD, -1);
    this.#expected.delete(msg);
    // guard: a message of another thread is kept there until its handler has settled
    if (expected.number !== undefined) this.#link.settle(expected.number);
  }

  /** Counts the messages that leave the thread. */
  readonly outward: MessageObserver = { accepted: () => this.#count(SENT, 1) };

  #count(at: number, by: number): void {
    this.#counts[at] = (this.#counts[at] ?? 0) + by;
  }
}
