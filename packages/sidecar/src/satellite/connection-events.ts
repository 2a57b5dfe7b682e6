import type { SputnikEvent } from '@sputnikjs/core';

const CONNECTION: ReadonlySet<SputnikEvent['type']> = new Set([
  'connecting',
  'connected',
  'connectFailed',
  'connectOverdue',
  'disconnected',
]);

/** Whether an event is about the connection to the server. */
export function isOfConnection({ type }: SputnikEvent): boolean {
  return CONNECTION.has(type);
}
