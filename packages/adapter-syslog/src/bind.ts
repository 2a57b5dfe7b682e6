import { once, type EventEmitter } from 'node:events';

const ADVICE: { readonly [code: string]: string } = {
  EADDRINUSE: 'the port is in use. Stop the process that has it, or configure another "port"',
  EACCES: 'not permitted. Ports below 1024 need privileges: configure another "port", or grant CAP_NET_BIND_SERVICE',
  EADDRNOTAVAIL: 'this machine has no such address. Configure another "host"',
};

/** Calls `listen` and waits until the listener listens. Rejects with an Error that names address and port and says what to do. */
export async function bind(
  transport: string,
  emitter: EventEmitter,
  address: string,
  port: number,
  listen: () => void,
): Promise<void> {
  const ready = once(emitter, 'listening');
  try {
    listen();
    await ready;
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    const where = address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
    throw new Error(`cannot listen on ${transport} ${where}: ${ADVICE[code] ?? message}`, { cause });
  }
}
