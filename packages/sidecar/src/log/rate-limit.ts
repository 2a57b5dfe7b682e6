import type { Clock } from '@sputnikjs/core';

/** Repetitions are written once in this time. */
const EVERY_MS = 5_000;
/** Lines are limited by kind: so many kinds, by so many characters of their key, since others may choose what is in it. */
const MOST_KINDS = 500;
const LONGEST_KEY = 200;

/** Writes a line; `suppressed` is how many like it were held back, this one included. */
export type Write = (suppressed?: number) => void;

interface Repetition {
  /** Writes the last line held back. */
  last: Write | undefined;
  suppressed: number;
  cancel: () => void;
}

/**
 * Has lines written; of those that repeat each other at most one in 5 s. The last one of those held back is written then,
 * with the number of all of them, so that none is lost in silence.
 */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #repetitions = new Map<string, Repetition>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** `kind` is the same for lines that repeat each other. */
  take(kind: string, write: Write): void {
    const own = kind.slice(0, LONGEST_KEY);
    const key = this.#repetitions.has(own) || this.#repetitions.size < MOST_KINDS ? own : 'others';
    const repetition = this.#repetitions.get(key);
    if (repetition === undefined) {
      write();
      this.#watch(key);
    } else {
      repetition.last = write;
      repetition.suppressed++;
      // last in the map: what is flushed comes in the order in which it happened
      this.#repetitions.delete(key);
      this.#repetitions.set(key, repetition);
    }
  }

  /** Writes all that is held back, in the order in which it came; leaves no timer. */
  flush(): void {
    for (const [key, repetition] of this.#repetitions) {
      repetition.cancel();
      this.#repetitions.delete(key);
      repetition.last?.(repetition.suppressed);
    }
  }

  #watch(key: string): void {
    const repetition: Repetition = { last: undefined, suppressed: 0, cancel: () => {} };
    repetition.cancel = this.#clock.after(EVERY_MS, () => {
      this.#repetitions.delete(key);
      if (repetition.last === undefined) return;
      repetition.last(repetition.suppressed);
      this.#watch(key);
    });
    this.#repetitions.set(key, repetition);
  }
}
