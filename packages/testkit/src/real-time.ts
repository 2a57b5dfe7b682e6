import { setTimeout as realTime } from 'node:timers/promises';
import { turn, type ManualClock } from './manual-clock.js';

/**
 * Settles as `work` does, and has the clock run meanwhile, a millisecond at least for each: blocks may wait for a socket,
 * which takes real time, or for their clock. What needs no time takes none.
 */
export async function inRealTime<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  const settled = work.then(
    () => true,
    () => true,
  );
  await turn();
  while (!(await Promise.race([settled, realTime(1, false)]))) await clock.advance(1);
  return work;
}
