import { SputnikError } from '@sputnikjs/core';
import type { ProduceMessage } from './contract.js';

/**
 * For blocks with the address of the producer: throws UNKNOWN_MESSAGE unless this is a message to produce. Senders that know the block by a plain
 * string may send anything.
 *
 * @example
 * import { checkMessage } from '@sputnikjs/messaging';
 * checkMessage({ target: 'news', payload: 'hello' });
 * try {
 *   checkMessage({ target: 'news', payload: 7 });
 * } catch (error) {
 *   console.log((error as Error).message); // the message for "news" needs a payload: text or bytes (Uint8Array)
 * }
 */
export function checkMessage({ target, payload }: Partial<Record<keyof ProduceMessage, unknown>>): void {
  if (typeof target !== 'string' || target === '') {
    throw new SputnikError('UNKNOWN_MESSAGE', 'a message to produce needs a target: non-empty text');
  }
  if (typeof payload !== 'string' && !(payload instanceof Uint8Array)) {
    throw new SputnikError(
      'UNKNOWN_MESSAGE',
      `the message for "${target}" needs a payload: text or bytes (Uint8Array)`,
    );
  }
}
