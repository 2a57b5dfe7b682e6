import { SputnikError } from '@sputnikjs/core';

/** What everything rejects with that the end of a connection interrupts. */
export function connectionLost(url: string, cause: Error): SputnikError {
  return new SputnikError('CONNECTION_LOST', `the connection to ${url} is lost: ${cause.message}`, { cause });
}
