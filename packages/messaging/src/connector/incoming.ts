import type { Socket } from 'node:net';

/**
 * Has `inspect` see what comes over a connection before anybody else does. The error that it returns ends the connection, and what it was
 * about is read by nobody. Libraries put together whatever a server announces: this is where that is bounded.
 *
 * @example
 * import { once } from 'node:events';
 * import { connect, createServer } from 'node:net';
 * import { inspectIncoming } from '@sputnikjs/messaging/connector';
 * import { freePort } from '@sputnikjs/testkit/servers';
 * const port = await freePort();
 * const server = createServer((socket) => socket.on('error', () => {}).end('x'.repeat(1000))).listen(port, '127.0.0.1');
 * const socket = connect(port, '127.0.0.1');
 * inspectIncoming(socket, ({ length }) => (length > 100 ? new Error('it says too much') : undefined));
 * const [error] = await once(socket.resume(), 'error');
 * console.log(error.message); // it says too much
 * server.close();
 */
export function inspectIncoming(socket: Socket, inspect: (bytes: Buffer) => Error | undefined): void {
  const push = socket.push.bind(socket);
  const isRefused = (bytes: Buffer): boolean => {
    const problem = inspect(bytes);
    if (problem !== undefined) socket.destroy(problem);
    return problem !== undefined;
  };
  socket.push = (bytes: Buffer | null, encoding) => {
    // what comes behind the end of a connection is of no interest either
    if (bytes !== null && (socket.destroyed || isRefused(bytes))) return false;
    return push(bytes, encoding);
  };
  const early = socket.readableLength > 0 ? (socket.read() as Buffer | null) : null;
  if (early !== null && !isRefused(early)) socket.unshift(early);
}
