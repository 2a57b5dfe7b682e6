import { SputnikError } from '@sputnikjs/core';

/** So many characters of a sequence are shown: it may come from anybody. */
const MOST_SHOWN = 50;

/**
 * Returns the error with which everything rejects that the end of a connection interrupts.
 *
 * @example
 * import { connectionLost } from '@sputnikjs/messaging/connector';
 * const error = connectionLost('nats://nats.example:4222', new Error('it was closed'));
 * console.log(error.code, error.message); // CONNECTION_LOST the connection to nats://nats.example:4222 is lost: it was closed
 */
export function connectionLost(url: string, cause: Error): SputnikError {
  return new SputnikError('CONNECTION_LOST', `the connection to ${url} is lost: ${cause.message}`, { cause });
}

/**
 * Returns the error for a message that the server has no room for now, and does not have: it can be sent again later.
 *
 * @example
 * import { serverFull } from '@sputnikjs/messaging/connector';
 * const error = serverFull('the stream "NEWS" has no room');
 * console.log(error.code, error.message); // SERVER_FULL the stream "NEWS" has no room
 */
export function serverFull(text: string, cause?: unknown): SputnikError {
  return new SputnikError('SERVER_FULL', text, { cause });
}

/**
 * Returns the error for a message after which the server cannot give all others.
 *
 * @example
 * import { cannotResume } from '@sputnikjs/messaging/connector';
 * const error = cannotResume('news', '42-7', 'it is not in the stream');
 * console.log(error.code, error.message); // CANNOT_RESUME cannot read "news" after "42-7": it is not in the stream
 */
export function cannotResume(source: string, after: string, why: string): SputnikError {
  const shown = JSON.stringify(after.length > MOST_SHOWN ? `${after.slice(0, MOST_SHOWN)}…` : after);
  return new SputnikError('CANNOT_RESUME', `cannot read "${source}" after ${shown}: ${why}`);
}
