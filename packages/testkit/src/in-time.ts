import { systemClock } from '@sputnikjs/core';

/** Resolves with true if `work` settles, in either way, within `ms` of real time; otherwise with false. Leaves no timer. */
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

/** Settles as `work` does. Rejects if that takes longer than `ms` of real time; the error names `what` it was. */
export async function within<T>(ms: number, what: string, work: Promise<T>): Promise<T> {
  if (await settlesWithin(ms, work)) return work;
  throw new Error(`${what} did not settle within ${ms} ms`);
}
