import { SputnikError } from '@sputnikjs/core';

/** What everything rejects with that the end of a connection interrupts. */
export function connectionLost(url: string, cause: Error): SputnikError {
  return new SputnikError('CONNECTION_LOST', `the connection to ${url} is lost: ${cause.message}`, { cause });
}

/** What a message is refused with that the server has no room for now, and does not have: it can be sent again later. */
export function serverFull(text: string, cause?: unknown): SputnikError {
  return new SputnikError('SERVER_FULL', text, { cause });
}
