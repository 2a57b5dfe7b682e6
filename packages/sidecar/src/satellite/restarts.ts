import type { RestartLimit } from '../folder/options.js';
import { chain } from '../text.js';

/** Of the delays before it is made anew. */
const [FIRST_MS, LONGEST_MS] = [100, 10_000];

/** Says how long to wait before a satellite that failed flies anew, and when it has failed too often. */
export class Restarts {
  readonly #limit: RestartLimit;
  readonly #failures: unknown[] = [];
  /** The failures, each worth less the longer ago it was. */
  #weight = 0;
  #last = 0;

  constructor(limit: RestartLimit) {
    this.#limit = limit;
  }

  /** Notes a failure at `now`, in milliseconds. Returns how long to wait, or undefined: it has failed too often. */
  next(error: unknown, now: number, random: () => number = Math.random): number | undefined {
    const { most, withinMs } = this.#limit;
    this.#weight = this.#weight * 0.5 ** ((now - this.#last) / withinMs) + 1;
    this.#last = now;
    this.#failures.push(error);
    if (this.#failures.length > most + 1) this.#failures.shift();
    // guard: a satellite that fails too often is not flown anew
    if (this.#weight > most) return undefined;
    const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** (Math.ceil(this.#weight) - 1));
    return full * (0.5 + random() / 2);
  }

  /** That it has failed too often, with the failures. */
  tooMany(last: unknown): Error {
    const { most, withinMs } = this.#limit;
    const all = this.#failures.map((error, index) => `${index + 1}. ${chain(error)}`).join('; ');
    const text = `it failed more than ${most} times within ${withinMs} ms, and is not made anew any more: ${all}`;
    return new Error(text, { cause: last });
  }
}
