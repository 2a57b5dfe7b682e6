import { makeClock, type Clock } from '@sputnikjs/core';

/** Numbers from 0 to 1, always the same for a seed. */
export function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Resolves when all that is to come in this turn has. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A clock whose timers end when somebody says how much time has passed. */
export class Time {
  #now = 0;
  readonly #timers = new Set<{ readonly at: number; readonly callback: () => void }>();
  readonly clock: Clock = makeClock(
    () => this.#now,
    (ms, callback) => {
      const timer = { at: this.#now + ms, callback };
      this.#timers.add(timer);
      return () => void this.#timers.delete(timer);
    },
  );

  pass(ms: number): void {
    this.#now += ms;
    for (const timer of this.#timers)
      if (timer.at <= this.#now) {
        this.#timers.delete(timer);
        timer.callback();
      }
  }

  get timers(): number {
    return this.#timers.size;
  }
}
