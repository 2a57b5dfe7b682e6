/** A promise that a test settles. */
export interface Gate<T = void> {
  readonly passed: Promise<T>;
  readonly open: (value: T) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Makes a promise that a test settles.
 *
 * @example
 * import { gate } from '@sputnikjs/testkit';
 * const { passed, open } = gate<string>();
 * setImmediate(() => open('go on'));
 * console.log(await passed); // go on
 */
export function gate<T = void>(): Gate<T> {
  let open!: Gate<T>['open'];
  let fail!: Gate<T>['fail'];
  const passed = new Promise<T>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { passed, open, fail };
}

/** A promise that never settles. */
export const never: Promise<never> = new Promise(() => {});

/**
 * Rejects with the signal's reason when it aborts.
 *
 * @example
 * import { rejection, untilAborted } from '@sputnikjs/testkit';
 * const controller = new AbortController();
 * const work = untilAborted(controller.signal);
 * controller.abort(new Error('enough'));
 * console.log((await rejection(work)).message); // enough
 */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const giveUp = (): void => reject(signal.reason as Error);
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
  });
}
