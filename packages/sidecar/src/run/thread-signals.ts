import { createRequire } from 'node:module';
import { constants } from 'node:os';

/** What Node itself listens to signals with. */
interface NativeSignal {
  onsignal: () => void;
  start(number: number): number;
  close(): void;
}

/** A thread that listens to signals has to be started with these. */
export const LISTENING: readonly string[] = ['--expose-internals', '--no-warnings'];

/**
 * Calls `handler` at the next such signal of the process, in a thread beside the main one. Node documents no way to that: signals go to
 * the loop of the main thread, and nobody hears them while it is stuck (decision 0022). Throws where Node has no longer what this needs.
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
  if (failed !== 0) throw new Error(`${signal} cannot be listened to: error ${failed}`);
}
