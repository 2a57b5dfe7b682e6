import { makeClock, type Clock } from '@sputnikjs/core';

/** A clock that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /**
   * Lets `ms` pass: fires the timers that are due, in order, and after each lets everything happen that follows from it. If calls overlap, the one
   * that goes furthest counts.
   */
  advance(ms: number): Promise<void>;
  /** Number of timers that are set. */
  readonly pending: number;
}

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * Makes a clock that stands still until a test moves it. It begins at 0.
 *
 * @example
 * import { manualClock } from '@sputnikjs/testkit';
 * const clock = manualClock();
 * clock.after(60_000, () => console.log('a minute later', clock.now())); // a minute later 60000
 * await clock.advance(90_000);
 * console.log(clock.now(), clock.pending); // 90000 0
 */
export function manualClock(): ManualClock {
  let time = 0;
  /** In the order in which they were set: of two that are due together, the older fires first. */
  const timers = new Set<Timer>();
  const now = (): number => time;
  const after: Clock['after'] = (ms, callback) => {
    const timer = { at: time + Math.max(0, ms), callback };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  const nextDue = (end: number): Timer | undefined => {
    let next: Timer | undefined;
    for (const timer of timers) if (timer.at <= end && (!next || timer.at < next.at)) next = timer;
    return next;
  };
  return {
    ...makeClock(now, after),
    get pending() {
      return timers.size;
    },
    async advance(ms) {
      const end = time + ms;
      await turn();
      for (let timer = nextDue(end); timer; timer = nextDue(end)) {
        timers.delete(timer);
        time = timer.at;
        timer.callback();
        await turn();
      }
      // Another call may have moved it further meanwhile.
      time = Math.max(time, end);
    },
  };
}

/** Turns of the event loop in a `turn`: mailboxes yield for one each time a slice of theirs is used up. */
const ENOUGH = 16;

/**
 * Lets everything happen that needs no time: promises, mailboxes, immediates.
 *
 * @example
 * import { turn } from '@sputnikjs/testkit';
 * let done = false;
 * void Promise.resolve().then(() => setImmediate(() => (done = true)));
 * await turn();
 * console.log(done); // true
 */
export async function turn(): Promise<void> {
  for (let i = 0; i < ENOUGH; i++) await new Promise((resolve) => setImmediate(resolve));
}
