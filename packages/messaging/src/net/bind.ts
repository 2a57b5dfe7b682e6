import { once, type EventEmitter } from 'node:events';
import { passedHint } from './passed-sockets.js';

const ADVICE: { readonly [code: string]: string } = {
  EADDRINUSE: 'the port is in use. Stop the process that uses it, or configure another "port"',
  EACCES:
    'not permitted. Ports below 1024 need privileges: configure another "port", have systemd open it, or grant CAP_NET_BIND_SERVICE',
  EADDRNOTAVAIL: 'this machine has no such address. Configure another "host"',
};

/**
 * Calls `listen` and waits until the listener listens. Rejects with an Error that names the place and says what to do. Where it may be
 * passed a socket, `listen` uses that: see `passedSocket`.
 *
 * @example
 * import { createServer } from 'node:net';
 * import { bind } from '@sputnikjs/messaging/net';
 * import { freePort } from '@sputnikjs/testkit/servers';
 * const [server, port] = [createServer(), await freePort()];
 * await bind(`127.0.0.1:${port}`, server, () => server.listen(port, '127.0.0.1'));
 * console.log(server.listening); // true
 * server.close();
 */
export async function bind(
  place: string,
  emitter: EventEmitter,
  listen: () => void,
  advice: { readonly [code: string]: string } = ADVICE,
): Promise<void> {
  const ready = once(emitter, 'listening');
  try {
    listen();
    await ready;
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    throw new Error(`cannot listen on ${place}: ${advice[code] ?? message}${passedHint()}`, { cause });
  }
}
