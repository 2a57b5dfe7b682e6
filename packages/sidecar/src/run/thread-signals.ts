import { createRequire } from 'node:module';
import { constants } from 'node:os';

/** The undocumented class with which Node itself listens to signals. */
interface NativeSignal {
  onsignal: () => void;
  start(number: number): number;
  close(): void;
}

/** Options of a thread that listens to signals. */
export const LISTENING: readonly string[] = ['--expose-internals', '--no-warnings'];

/**
 * Calls `handler` on the next such signal of the process, in a thread other than the main one. Node documents no way to do that: signals go
 * to the loop of the main thread, and are not noticed while it is stuck (decision 0022). Throws if this version of Node lacks what it needs.
 */
export function onceInThread(signal: NodeJS.Signals, handler: () => void): void {
  const { internalBinding } = createRequire(import.meta.url)('internal/test/binding') as {
    readonly internalBinding: (name: string) => { readonly Signal: new () => NativeSignal };
  };
  const native = new (internalBinding('signal_wrap').Signal)();
  native.onsignal = () => {
    // the main thread alone decides about a second one: a further Ctrl-C ends the process
    native.close();
    handler();
  };
  const failed = native.start(constants.signals[signal]);
  if (failed !== 0) throw new Error(`cannot listen to ${signal}: error ${failed}`);
}
