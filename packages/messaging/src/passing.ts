import { SputnikError } from '@sputnikjs/core';

const PASSING: ReadonlySet<string> = new Set([
  'CONNECTION_LOST',
  'SERVER_AWAY',
  'SERVER_FULL',
  'ASK_REFUSED',
  'ASK_UNREACHABLE',
  'ASK_DROPPED',
  'ASK_ENDED',
  'ASK_ABORTED',
]);

/**
 * True for an error of the producer after which the same message may be delivered later; false if the server refuses it for good.
 *
 * @example
 * import { SputnikError } from '@sputnikjs/core';
 * import { isPassing } from '@sputnikjs/messaging';
 * console.log(isPassing(new SputnikError('CONNECTION_LOST'))); // true
 * console.log(isPassing(new Error('not allowed to publish'))); // false
 */
export function isPassing(error: unknown): boolean {
  const cause = causeOf(error);
  if (cause instanceof SputnikError) return PASSING.has(cause.code);
  return cause instanceof Error && cause.name === 'AbortError';
}

/**
 * What the producer has thrown, if it has; otherwise why it could not be asked.
 *
 * @example
 * import { SputnikError } from '@sputnikjs/core';
 * import { causeOf } from '@sputnikjs/messaging';
 * const cause = new Error('not allowed to publish');
 * console.log(causeOf(new SputnikError('ASK_FAILED', 'the handler failed', { cause })) === cause); // true
 */
export function causeOf(error: unknown): unknown {
  return error instanceof SputnikError && error.code === 'ASK_FAILED' ? error.cause : error;
}
