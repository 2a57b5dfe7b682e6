import type { Socket } from 'node:net';
import type { Connection } from 'rabbitmq-client';

/** What a connection ends with when something other than AMQP comes. */
export const NOT_AMQP = 'it does not speak AMQP';

/** The largest frame that servers are asked for, in bytes: none is larger, before that either. */
export const MAX_FRAME: number = 8 * 1024;

/** The library first reads so much, which no frame is shorter than. */
const HEADER = 8;

/** A frame's type and channel. */
const METHOD_ON_0 = 0x01_00_00;

/**
 * Ends a new connection when what comes is not AMQP: at its first bytes, and later when a frame has a size that no frame has. The library
 * believes any size and reads that much, which throws, out of an event of the socket, where nobody catches it; or it waits for it for ever.
 */
export function checkFrames(connection: Connection): void {
  // its types leave it out
  const { _socket: socket } = connection as unknown as { readonly _socket: Socket };
  const read = socket.read.bind(socket);
  let isKnown = false;
  const refuse = (): null => {
    socket.destroy(new Error(NOT_AMQP));
    return null;
  };
  socket.read = (size) => {
    // guard: a frame of a length that no frame has ends the connection
    if (size !== undefined && size > MAX_FRAME + 1) return refuse();
    const bytes = read(size) as Buffer | null;
    if (isKnown || bytes === null) return bytes;
    isKnown = true;
    // guard: what does not begin like AMQP ends the attempt
    return isBeginning(bytes) ? bytes : refuse();
  };
}

/** Whether a server of AMQP may begin so: with a method on channel 0, or with the version that it wants instead. */
function isBeginning(bytes: Buffer): boolean {
  // it has closed the connection, which the library reports: a server that requires TLS, for example
  if (bytes.length < HEADER) return true;
  if (bytes.toString('latin1', 0, 4) === 'AMQP') return true;
  return bytes.readUIntBE(0, 3) === METHOD_ON_0 && bytes.readUInt32BE(3) <= MAX_FRAME;
}
