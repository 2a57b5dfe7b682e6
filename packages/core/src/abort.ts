import { setMaxListeners } from 'node:events';

/** An abort controller whose signal any number may listen to: Node would warn of more than ten (L6). */
export function makeAbortController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

/** A signal that aborts when one of these does; any number may listen to it. */
export function anySignal(...signals: AbortSignal[]): AbortSignal {
  const any = AbortSignal.any(signals);
  setMaxListeners(0, any);
  return any;
}

/** True for what aborted signals make of a wait. */
export function isAbortError(error: unknown): boolean {
  return guarded(() => error instanceof Error && error.name === 'AbortError', false);
}

/** What `read` makes of a thing that user code threw, or `otherwise`: it may be a proxy, or have getters that throw. */
export function guarded<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
