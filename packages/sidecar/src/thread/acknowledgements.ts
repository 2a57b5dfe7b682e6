import type { BlockDescriptor, MessageObserver, Outcome } from '@sputnikjs/core';
import type { Link } from './link.js';

interface Expected {
  /** Of the block that it is for. */
  readonly address: string;
  /** Undefined where the answer acknowledges it. */
  readonly number: number | undefined;
}

/** Where a thread counts what is lost with it, in memory that both threads see. */
export const HELD = 0;
export const SENT = 1;

/**
 * In a thread: says of the messages from outside when their handlers have settled, and counts those that only the thread has. Both see each
 * message pass.
 */
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

  /** Of what is on its way out. */
  readonly outward: MessageObserver = { accepted: () => this.#count(SENT, 1) };

  #count(at: number, by: number): void {
    this.#counts[at] = (this.#counts[at] ?? 0) + by;
  }
}
