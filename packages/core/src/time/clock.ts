import { onAbort } from './abort.js';

/** The clock: everything that Sputnik and its blocks wait for goes through it, so that tests can drive it. */
export interface Clock {
  /** Milliseconds, monotonic, from an arbitrary origin. */
  now(): number;
  /** Calls `callback` once after `ms`; the function returned cancels it. */
  after(ms: number, callback: () => void): () => void;
  /** Resolves after `ms`, or at once when `signal` aborts. Never rejects: look at the signal. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Ticks every `ms`, the first time after `ms`, until `signal` aborts. While the loop body takes longer, ticks are skipped. */
  every(ms: number, signal?: AbortSignal): AsyncIterableIterator<void>;
}

/**
 * A clock from its two primitives.
 *
 * @example
 * import { makeClock } from '@sputnikjs/core';
 * let time = 0;
 * // every wait takes a microtask, and the time says that it was as long as asked for
 * const hasty = makeClock(() => time, (ms, callback) => (queueMicrotask(() => ((time += ms), callback())), () => {}));
 * await hasty.sleep(60_000);
 * console.log(hasty.now()); // 60000
 */
export function makeClock(now: Clock['now'], after: Clock['after']): Clock {
  const sleep: Clock['sleep'] = (ms, signal) =>
    new Promise((resolve) => {
      // guard: L6 a sleep with an aborted signal ends at once
      if (signal?.aborted) return resolve();
      const done = (): void => {
        // guard: L6 a sleep that is aborted leaves no timer
        cancel();
        // guard: L6 a sleep that has ended forgets its signal
        forget();
        resolve();
      };
      const cancel = after(ms, done);
      const forget = onAbort(signal, done);
    });
  async function* every(ms: number, signal?: AbortSignal): AsyncIterableIterator<void> {
    // guard: L6 a clock skips the ticks that nobody took
    for (let at = now() + ms; ; at = Math.max(at + ms, now())) {
      await sleep(at - now(), signal);
      if (signal?.aborted) return;
      yield;
    }
  }
  return { now, after, sleep, every };
}

/** Node's timers take no more: 24.8 days. */
const LONGEST_MS = 2 ** 31 - 1;

/** The process's own time. No wait is longer than 24.8 days. */
export const systemClock: Clock = makeClock(
  () => performance.now(),
  (ms, callback) => {
    // guard: L6 a wait of months does not end at once
    const timer = setTimeout(callback, Math.min(Math.max(0, ms), LONGEST_MS));
    return () => clearTimeout(timer);
  },
);

/** Waits for `work` to settle, `ms` at most. False when it is still under way then. Never rejects, leaves no timer. */
export function settles(clock: Clock, work: Promise<unknown>, ms: number): Promise<boolean> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, () => resolve(false));
    const settled = (): void => {
      // guard: L6 a race leaves no timer
      cancel();
      resolve(true);
    };
    work.then(settled, settled);
  });
}
