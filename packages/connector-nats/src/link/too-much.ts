import type { Socket } from 'node:net';
import type { NatsConnection } from '@nats-io/transport-node';
import { begun } from './internals.js';

/** More than any server introduces itself with, and lets somebody in with, in bytes. */
export const MOST_AT_LOGIN: number = 1024 * 1024;
/** No server of NATS takes larger messages. */
const MOST_OF_A_MESSAGE = 64 * 1024 * 1024;

/** Until the server has let us in anybody may be at the other end: bounds all that comes. */
export function tooMuchAtLogin(socket: Socket): () => Error | undefined {
  const before = socket.bytesRead;
  return () =>
    socket.bytesRead - before > MOST_AT_LOGIN
      ? new Error('it answers a login with more than 1 MiB, which no NATS server does; is the url right?')
      : undefined;
}

/** Bounds a message, and a line: the library puts together whatever is announced. */
export function tooMuchAtOnce(nats: NatsConnection): () => Error | undefined {
  const { message, line } = begun(nats);
  return () => {
    const bytes = message();
    // guard: a message of a length that no message has ends the connection
    if (bytes > MOST_OF_A_MESSAGE)
      return new Error(`the server announces a message of ${bytes} bytes, more than any NATS server takes (64 MiB)`);
    // guard: a line of a length that no line has ends the connection
    return line() > MOST_AT_LOGIN
      ? new Error('the server sends a line of more than 1 MiB, which no NATS server does')
      : undefined;
  };
}
