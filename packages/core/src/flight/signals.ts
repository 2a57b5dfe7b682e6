const handlersOf = new Map<NodeJS.Signals, { readonly handlers: Set<() => void>; readonly listener: () => void }>();

/**
 * Has `handler` called at each such signal of the process, until the function returned is called; then the signal does again what it did
 * before. One process listener serves all, since Node warns of more than ten (L6).
 *
 * @example
 * import { onSignal } from '@sputnikjs/core';
 * const forget = onSignal('SIGUSR2', () => console.log('noted')); // noted
 * process.emit('SIGUSR2', 'SIGUSR2');
 * forget();
 */
export function onSignal(signal: NodeJS.Signals, handler: () => void): () => void {
  // guard: L6 one listener a signal, however many satellites
  const shared = handlersOf.get(signal) ?? share(signal);
  shared.handlers.add(handler);
  return () => {
    if (!shared.handlers.delete(handler) || shared.handlers.size > 0) return;
    // guard: L6 a signal that was forgotten is listened to anew
    handlersOf.delete(signal);
    // guard: L6 the listeners of others stay
    process.off(signal, shared.listener);
  };
}

function share(signal: NodeJS.Signals) {
  const handlers = new Set<() => void>();
  const shared = { handlers, listener: () => handlers.forEach((handler) => handler()) };
  handlersOf.set(signal, shared);
  process.on(signal, shared.listener);
  return shared;
}
