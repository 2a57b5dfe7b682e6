import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { reasonOf } from './reason.js';
import type { Address } from './server-url.js';
import { readTls, type TlsConfig } from '../net/tls.js';

/**
 * Opens a connection to a server, including the TLS handshake if the url asks for TLS. It reads the files each time, so that renewed certificates
 * are used. Rejects with an error that says what to do, or, at an abort, at once with the signal's reason; leaves nothing open then. Errors of
 * the socket do not end the process: listen to "close".
 *
 * @example
 * import { once } from 'node:events';
 * import { createServer } from 'node:net';
 * import { openSocket } from '@sputnikjs/messaging/connector';
 * import { freePort } from '@sputnikjs/testkit/servers';
 * const port = await freePort();
 * const server = createServer((socket) => socket.end('hello')).listen(port, '127.0.0.1');
 * const address = { url: `lines://127.0.0.1:${port}`, host: '127.0.0.1', port, tls: false };
 * const socket = await openSocket(address, {}, new AbortController().signal);
 * console.log(String((await once(socket, 'data'))[0])); // hello
 * server.close();
 */
export async function openSocket(address: Address, config: TlsConfig, signal: AbortSignal): Promise<Socket> {
  const { host, port, tls } = address;
  const files = tls ? await readTls(config) : {};
  signal.throwIfAborted();
  const name = isIP(host) > 0 ? {} : { servername: host };
  const socket = tls ? connectTls({ host, port, ...name, ...files }) : connect({ host, port });
  socket.setNoDelay(true).on('error', ignore);
  try {
    await once(socket, tls ? 'secureConnect' : 'connect', { signal });
    return socket;
  } catch (cause) {
    socket.destroy();
    throw signal.aborted ? signal.reason : cannotConnect(address, cause as Error);
  }
}

function ignore(): void {}

/**
 * Returns the error of a failed attempt to connect, with its reason and what to do.
 *
 * @example
 * import { cannotConnect } from '@sputnikjs/messaging/connector';
 * const address = { url: 'nats://nats.example:4222', host: 'nats.example', port: 4222, tls: false };
 * const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
 * console.log(cannotConnect(address, cause).message); // cannot connect to nats://nats.example:4222: refused; is the server running, and is the port right?
 */
export function cannotConnect(address: Address, cause: Error, advice: string = adviceOn(cause, address)): Error {
  return new Error(`cannot connect to ${address.url}: ${reasonOf(cause)}; ${advice}`, { cause });
}

function adviceOn({ code }: NodeJS.ErrnoException, { tls }: Address): string {
  if (code === 'ECONNREFUSED') return 'is the server running, and is the port right?';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'is the host right, and does name resolution work?';
  return tls ? 'are caFile, certFile, keyFile and servername right, and is this a TLS port?' : 'is the url right?';
}
