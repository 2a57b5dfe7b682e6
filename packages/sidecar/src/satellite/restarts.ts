import type { RestartLimit } from '../folder/options.js';
import { chain } from '../text.js';

/** The first and the longest delay before a restart, in milliseconds. */
const [FIRST_MS, LONGEST_MS] = [100, 10_000];

/** Decides how long a failed satellite waits before its restart, and when it has failed too often. */
export class Restarts {
  readonly #limit: RestartLimit;
  readonly #failures: unknown[] = [];
  /** The sum of all failures. Each counts less as time passes. */
  #weight = 0;
  #last = 0;

  constructor(limit: RestartLimit) {
    this.#limit = limit;
  }

  /** Notes a failure at `now`, in milliseconds. Returns how long to wait, or undefined if it has failed too often. */
  next(error: unknown, now: number, random: () => number = Math.random): number | undefined {
    const { most, withinMs } = this.#limit;
    this.#weight = this.#weight * 0.5 ** ((now - this.#last) / withinMs) + 1;
    this.#last = now;
    this.#failures.push(error);
    if (this.#failures.length > most + 1) this.#failures.shift();
    // guard: a satellite that fails too often is not restarted
    if (this.#weight > most) return undefined;
    const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** (Math.ceil(this.#weight) - 1));
    return full * (0.5 + random() / 2);
  }

  /** The error for a satellite that has failed too often, with all failures. */
  tooMany(last: unknown): Error {
    const { most, withinMs } = this.#limit;
    const all = this.#failures.map((error, index) => `${index + 1}. ${chain(error)}`).join('; ');
    const text = `it failed more than ${most} times within ${withinMs} ms, so it is not restarted again: ${all}`;
    return new Error(text, { cause: last });
  }
}
