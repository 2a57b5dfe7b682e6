import type { Clock } from '@sputnikjs/core';
import type { LogRecord } from './record.js';

/** Repetitions of a record are written once in this time. */
const EVERY_MS = 5_000;

interface Repetition {
  /** The last record held back. */
  last: LogRecord | undefined;
  suppressed: number;
  cancel: () => void;
}

/**
 * Writes records; of those that repeat each other at most one in 5 s. The last one of those held back is written then,
 * with the number of all of them as `suppressed`, so that none is lost in silence.
 */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #write: (record: LogRecord) => void;
  readonly #repetitions = new Map<string, Repetition>();

  constructor(clock: Clock, write: (record: LogRecord) => void) {
    this.#clock = clock;
    this.#write = write;
  }

  take(record: LogRecord): void {
    const { limitBy } = record;
    if (limitBy === undefined) return this.#write(record);
    const repetition = this.#repetitions.get(limitBy);
    if (repetition === undefined) {
      this.#write(record);
      this.#watch(limitBy);
    } else {
      repetition.last = record;
      repetition.suppressed++;
      // last in the map: what is flushed comes in the order in which it happened
      this.#repetitions.delete(limitBy);
      this.#repetitions.set(limitBy, repetition);
    }
  }

  /** Writes all that is held back, in the order in which it came; leaves no timer. */
  flush(): void {
    for (const [key, repetition] of this.#repetitions) {
      repetition.cancel();
      this.#repetitions.delete(key);
      this.#tell(repetition);
    }
  }

  #watch(key: string): void {
    const repetition: Repetition = { last: undefined, suppressed: 0, cancel: () => {} };
    repetition.cancel = this.#clock.after(EVERY_MS, () => {
      this.#repetitions.delete(key);
      if (this.#tell(repetition)) this.#watch(key);
    });
    this.#repetitions.set(key, repetition);
  }

  #tell({ last, suppressed }: Repetition): boolean {
    if (last === undefined) return false;
    this.#write({ ...last, fields: { ...last.fields, suppressed } });
    return true;
  }
}
