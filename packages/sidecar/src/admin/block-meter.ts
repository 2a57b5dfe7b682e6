import type { BlockDescriptor, Clock } from '@sputnikjs/core';
import { Histogram } from './histogram.js';

/** So many messages of a block are timed at once, and so many more may be begun with each tick. */
const [MOST_TIMED, MOST_PER_TICK] = [64, 250];
/** So many ticks are remembered at which messages had come that are not settled. */
const MOST_MARKS = 1_000;

interface Timed {
  readonly acceptedAt: number;
  begunAt: number | undefined;
}

/**
 * Measures the messages of a block. All are counted. For a busy block, only some are timed, so that it costs almost nothing: those that
 * arrive while fewer than 64 timed ones are under way, and at most 250 of them between two ticks.
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
  /** How many messages had been accepted at ticks, oldest first. */
  readonly #marks: { readonly at: number; readonly accepted: number }[] = [];
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

  /** False if it is not timed. */
  begun(msg: object): boolean {
    const timed = this.#timed.get(msg);
    if (timed === undefined) return false;
    timed.begunAt = this.#clock.now();
    this.waited.observe((timed.begunAt - timed.acceptedAt) / 1000);
    return true;
  }

  settled(msg: object): void {
    const timed = this.#timed.get(msg);
    if (timed === undefined) return;
    this.#timed.delete(msg);
    if (timed.begunAt !== undefined) this.handled.observe((this.#clock.now() - timed.begunAt) / 1000);
  }

  /** Notes how many messages have been accepted; from one call to the next, 250 messages may be timed. */
  tick(accepted: number): void {
    this.#budget = MOST_PER_TICK;
    const grown = accepted > (this.#marks.at(-1)?.accepted ?? 0);
    if (grown && this.#marks.length < MOST_MARKS) this.#marks.push({ at: this.#clock.now(), accepted });
  }

  /** How many messages came from whom. */
  get senders(): ReadonlyMap<BlockDescriptor, { readonly count: number }> {
    return this.#senders;
  }

  /**
   * How long it has had its oldest message, in milliseconds, accurate to a tick; 0 if it has none. Messages settle in the order of arrival,
   * or nearly so: the count of `settled` messages tells the tick of the oldest. A message that is left behind is found if it is timed.
   */
  oldestMs(settled: number): number {
    while ((this.#marks[0]?.accepted ?? Infinity) <= settled) this.#marks.shift();
    const [timed] = this.#timed.values();
    const since = Math.min(this.#marks[0]?.at ?? Infinity, timed?.acceptedAt ?? Infinity);
    return since === Infinity ? 0 : this.#clock.now() - since;
  }
}
