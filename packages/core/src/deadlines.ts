import type { Clock } from './clock.js';

/** What may expire. The fields keep its place; they are nobody else's. */
export interface Expiring {
  at: number;
  line: Set<Expiring> | undefined;
  /** It has outlived its deadline. */
  expire(): void;
}

/** The deadlines of a flight: one timer for all of them, set for the next that falls due. */
export class Deadlines {
  readonly #clock: Clock;
  /** Those that wait equally long fall due in the order in which they came. */
  readonly #lines = new Map<number, Set<Expiring>>();
  #cancel: (() => void) | undefined;
  #firesAt = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Has it expire after so many milliseconds, in whole ones; never if that is Infinity, at once if it is no number. */
  add(one: Expiring, timeoutMs: number): void {
    if (timeoutMs === Infinity) return;
    // Whole ones, or there would be a line for each that was computed.
    const ms = Math.max(0, Math.ceil(timeoutMs)) || 0;
    one.at = this.#clock.now() + ms;
    const line = (one.line = this.#lines.get(ms) ?? new Set());
    if (line.add(one).size === 1) this.#lines.set(ms, line);
    if (one.at < this.#firesAt) this.#set(one.at);
  }

  /** Leaves no timer. */
  close(): void {
    this.#cancel?.();
    this.#lines.clear();
  }

  /** A timer that was set for one that has ended meanwhile fires in vain: to set it anew each time would cost more. */
  #set(at: number): void {
    this.#cancel?.();
    this.#firesAt = at;
    this.#cancel = this.#clock.after(at - this.#clock.now(), this.#fire);
  }

  readonly #fire = (): void => {
    const now = this.#clock.now();
    const due: Expiring[] = [];
    for (const [ms, line] of this.#lines) {
      for (const one of line) {
        if (one.at > now) break;
        line.delete(one);
        due.push(one);
      }
      if (line.size === 0) this.#lines.delete(ms);
    }
    this.#firesAt = Infinity;
    for (const one of due.toSorted((a, b) => a.at - b.at)) one.expire();
    let next = Infinity;
    for (const line of this.#lines.values())
      for (const { at } of line) {
        next = Math.min(next, at);
        break;
      }
    if (next < this.#firesAt) this.#set(next);
  };
}
