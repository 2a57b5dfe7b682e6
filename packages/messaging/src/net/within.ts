import type { Clock } from '@sputnikjs/core';

/**
 * The reason of a signal: the time is over.
 *
 * @example
 * import { TimedOut } from '@sputnikjs/messaging/net';
 * console.log(new TimedOut(10).message); // no answer within 10 ms
 */
export class TimedOut extends Error {
  readonly code = 'TIMEOUT';

  constructor(ms: number) {
    super(`no answer within ${ms} ms`);
  }
}

/**
 * Does work that has a deadline. The signal that it gets aborts when the time is over, with a {@link TimedOut}, or when `signal` aborts, since
 * the satellite lands. Settles as the work does.
 *
 * @example
 * import { systemClock } from '@sputnikjs/core';
 * import { within } from '@sputnikjs/messaging/net';
 * const { signal } = new AbortController();
 * const work = async (over: AbortSignal): Promise<string> => {
 *   await systemClock.sleep(60_000, over);
 *   return String(over.reason);
 * };
 * console.log(await within(10, { clock: systemClock, signal }, work)); // Error: no answer within 10 ms
 */
export async function within<T>(
  ms: number,
  { clock, signal }: { readonly clock: Pick<Clock, 'after'>; readonly signal: AbortSignal },
  work: (over: AbortSignal) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const giveUp = (): void => over.abort(new Error('the satellite lands'));
  const cancel = clock.after(ms, () => over.abort(new TimedOut(ms)));
  signal.addEventListener('abort', giveUp);
  if (signal.aborted) giveUp();
  try {
    return await work(over.signal);
  } finally {
    cancel();
    signal.removeEventListener('abort', giveUp);
  }
}
