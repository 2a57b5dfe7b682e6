import { setMaxListeners } from 'node:events';

const listenersOf = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Has `listener` called once when the signal aborts, at once if it has; the function returned forgets it. One listener of the signal serves
 * all of ours, since Node warns of more than ten (L6).
 */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  // guard: L6 who comes late to an abort is told at once
  if (signal?.aborted) listener();
  if (!signal || signal.aborted) return () => {};
  const listeners = listenersOf.get(signal) ?? new Set();
  if (listeners.size === 0) {
    listenersOf.set(signal, listeners);
    signal.addEventListener('abort', tellAll, { once: true });
  }
  listeners.add(listener);
  return () => {
    // guard: L6 a signal that nobody listens to any more has no listener
    // guard: L6 who forgets a signal forgets it for no other
    if (listeners.delete(listener) && listeners.size === 0) signal.removeEventListener('abort', tellAll);
  };
}

function tellAll({ target }: Event): void {
  for (const listener of listenersOf.get(target as AbortSignal) ?? []) listener();
}

/** The signal, to which any number may listen now: Node would warn of more than ten (L6). */
export function unlimited(signal: AbortSignal): AbortSignal {
  // guard: L6 Node warns of no listeners
  setMaxListeners(0, signal);
  return signal;
}

/** True for what aborted signals make of a wait, that of an `ask` too. */
export function isAbortError(error: unknown): boolean {
  return guarded(() => {
    const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown };
    // guard: F3 an ask that its signal ended is no failure either
    const why = code === 'ASK_ABORTED' ? cause : error;
    return why instanceof Error && why.name === 'AbortError';
  }, false);
}

/** What `read` makes of a thing that user code threw, or `otherwise`: it may be a proxy, or have getters that throw. */
export function guarded<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch {
    return otherwise;
  }
}
