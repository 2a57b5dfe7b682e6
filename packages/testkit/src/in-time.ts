import { systemClock } from '@sputnikjs/core';

/** True when `work` settles, in whatever way, within `ms` of real time. Leaves no timer. */
export async function settlesWithin(ms: number, work: Promise<unknown>): Promise<boolean> {
  const watch = new AbortController();
  const late = systemClock.sleep(ms, watch.signal).then(() => false);
  const settled = work.then(
    () => true,
    () => true,
  );
  try {
    return await Promise.race([settled, late]);
  } finally {
    watch.abort();
  }
}

/** Settles as `work` does. Rejects if that takes longer than `ms` of real time, and says `what` it was. */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  if (await settlesWithin(ms, work)) return work;
  throw new Error(`${what} did not settle within ${ms} ms`);
}
