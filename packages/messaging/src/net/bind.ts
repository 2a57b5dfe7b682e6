import { once, type EventEmitter } from 'node:events';

const ADVICE: { readonly [code: string]: string } = {
  EADDRINUSE: 'the port is in use. Stop the process that has it, or configure another "port"',
  EACCES: 'not permitted. Ports below 1024 need privileges: configure another "port", or grant CAP_NET_BIND_SERVICE',
  EADDRNOTAVAIL: 'this machine has no such address. Configure another "host"',
};

/**
 * Calls `listen` and waits until the listener listens. Rejects with an Error that names the place and says what to do.
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
    throw new Error(`cannot listen on ${place}: ${advice[code] ?? message}`, { cause });
  }
}

/** Address and port of a host. */
export interface Address {
  readonly address: string;
  readonly port: number;
}

/**
 * As one writes an address and a port.
 *
 * @example
 * import { placeOf } from '@sputnikjs/messaging/net';
 * console.log(placeOf({ address: '::1', port: 514 })); // [::1]:514
 */
export function placeOf({ address, port }: Address): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/**
 * The address of a sender. One of IPv4 that came to a socket of IPv6 is as it would be without.
 *
 * @example
 * import { plainAddress } from '@sputnikjs/messaging/net';
 * console.log(plainAddress('::ffff:192.0.2.1')); // 192.0.2.1
 */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}
