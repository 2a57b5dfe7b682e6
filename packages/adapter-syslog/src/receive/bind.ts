import { once, type EventEmitter } from 'node:events';

const ADVICE: { readonly [code: string]: string } = {
  EADDRINUSE: 'the port is in use. Stop the process that has it, or configure another "port"',
  EACCES: 'not permitted. Ports below 1024 need privileges: configure another "port", or grant CAP_NET_BIND_SERVICE',
  EADDRNOTAVAIL: 'this machine has no such address. Configure another "host"',
};

/** Calls `listen` and waits until the listener listens. Rejects with an Error that names the place and says what to do. */
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

/** An address of a machine. */
export interface Address {
  readonly address: string;
  readonly port: number;
}

/** As one writes an address and a port. */
export function placeOf({ address, port }: Address): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** The address of a sender. One of IPv4 that came to a socket of IPv6 is as it would be without. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice('::ffff:'.length) : address;
}
