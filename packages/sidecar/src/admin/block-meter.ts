import type { BlockDescriptor, Clock } from '@sputnikjs/core';
import { Histogram } from './histogram.js';

/** So many messages of a block are timed at once, and so many more may be begun with each tick. */
const [MOST_TIMED, MOST_PER_TICK] = [64, 250];

interface Timed {
  readonly acceptedAt: number;
  begunAt: number | undefined;
}

/**
 * What is measured of the messages that a block takes. All are counted. Of a busy block not all are timed, so that it costs next to nothing:
 * those that come while fewer than 64 timed ones are under way, and of these 250 from tick to tick. Where messages pile up, the first ones
 * are timed, which are the oldest.
 */
export class BlockMeter {
  /** How long timed messages waited in the mailbox. */
  readonly waited: Histogram = new Histogram();
  /** How long the callback took for them. */
  readonly handled: Histogram = new Histogram();
  readonly #clock: Clock;
  readonly #senders = new Map<BlockDescriptor, { count: number }>();
  /** In the order in which they came. */
  readonly #timed = new Map<object, Timed>();
  #budget = MOST_PER_TICK;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  accepted(msg: object, from: BlockDescriptor): void {
    const sender = this.#senders.get(from);
    if (sender === undefined) this.#senders.set(from, { count: 1 });
    else sender.count++;
    if (this.#budget === 0 || this.#timed.size === MOST_TIMED || this.#timed.has(msg)) return;
    this.#budget--;
    this.#timed.set(msg, { acceptedAt: this.#clock.now(), begunAt: undefined });
  }

  begun(msg: object): void {
    const timed = this.#timed.get(msg);
    if (timed === undefined) return;
    timed.begunAt = this.#clock.now();
    this.waited.observe((timed.begunAt - timed.acceptedAt) / 1000);
  }

  settled(msg: object): void {
    const timed = this.#timed.get(msg);
    if (timed === undefined) return;
    this.#timed.delete(msg);
    if (timed.begunAt !== undefined) this.handled.observe((this.#clock.now() - timed.begunAt) / 1000);
  }

  /** From one call to the next, 250 messages may be timed. */
  tick(): void {
    this.#budget = MOST_PER_TICK;
  }

  /** How many messages came from whom. */
  get senders(): ReadonlyMap<BlockDescriptor, { readonly count: number }> {
    return this.#senders;
  }

  /** For how long it has had the oldest of its timed messages, in milliseconds; 0 if it has none. */
  get oldestMs(): number {
    for (const { acceptedAt } of this.#timed.values()) return this.#clock.now() - acceptedAt;
    return 0;
  }
}
