import { SputnikError } from '@sputnikjs/core';

const PASSING: ReadonlySet<string> = new Set([
  'CONNECTION_LOST',
  'SERVER_FULL',
  'ASK_REFUSED',
  'ASK_DROPPED',
  'ASK_ENDED',
  'ASK_ABORTED',
]);

/** True for an error of the producer after which the same message may be delivered later; false if the server refuses it for good. */
export function isPassing(error: unknown): boolean {
  const cause = causeOf(error);
  if (cause instanceof SputnikError) return PASSING.has(cause.code);
  return cause instanceof Error && cause.name === 'AbortError';
}

/** What the producer has thrown, if it has; otherwise why it could not be asked. */
export function causeOf(error: unknown): unknown {
  return error instanceof SputnikError && error.code === 'ASK_FAILED' ? error.cause : error;
}
