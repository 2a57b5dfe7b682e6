import type { Clock } from './clock.js';
import { Line, type LineNode } from './line.js';

/** What may expire. `at` is when, on the clock. */
export interface Expiring extends LineNode {
  at: number;
  /** It has outlived its deadline. */
  expire(): void;
}

/** All that is open in a flight and may expire: one timer for all of it, set for the next that falls due. */
export class Deadlines<T extends Expiring> {
  readonly #clock: Clock;
  /** By how long they wait: those that wait equally long fall due in the order in which they came. */
  readonly #lines = new Map<number, Line<T>>();
  #cancel: (() => void) | undefined;
  #firesAt = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Has it expire after so many milliseconds, in whole ones; never if that is Infinity, at once if it is no number. */
  add(one: T, timeoutMs: number): void {
    // Whole ones, or there would be a line for each that was computed.
    // guard: M5 a time-out that is no number has passed
    const ms = Math.max(0, Math.ceil(timeoutMs)) || 0;
    const line = this.#lines.get(ms) ?? new Line<T>();
    line.join(one);
    if (line.size === 1) this.#lines.set(ms, line);
    one.at = ms === Infinity ? ms : this.#clock.now() + ms;
    // guard: M5 a sooner time-out comes first
    if (one.at < this.#firesAt) this.#set(one.at);
  }

  /** Leaves no timer. */
  close(): void {
    // guard: L6 no timer of an ask is left
    this.#cancel?.();
    this.#lines.clear();
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const line of this.#lines.values()) yield* line;
  }

  /** A timer that was set for one that has ended meanwhile fires in vain: to set it anew each time would cost more. */
  #set(at: number): void {
    this.#cancel?.();
    this.#firesAt = at;
    this.#cancel = this.#clock.after(at - this.#clock.now(), this.#fire);
  }

  readonly #fire = (): void => {
    const now = this.#clock.now();
    const due: T[] = [];
    for (const [ms, line] of this.#lines) {
      for (let { first } = line; first && first.at <= now; first = line.first) {
        line.leave(first);
        due.push(first);
      }
      if (line.size === 0) this.#lines.delete(ms);
    }
    this.#firesAt = Infinity;
    for (const one of due.toSorted((a, b) => a.at - b.at)) one.expire();
    const next = Math.min(...Array.from(this.#lines.values(), ({ first }) => first?.at ?? Infinity));
    // guard: M5 the timer of time-outs is set anew
    if (next < this.#firesAt) this.#set(next);
  };
}
