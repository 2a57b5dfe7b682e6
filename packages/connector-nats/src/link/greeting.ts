import { once } from 'node:events';
import { isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { cannotConnect, openSocket, type Address } from '@sputnikjs/messaging/connector';
import { readTls, type TlsConfig, type TlsOptions } from '@sputnikjs/messaging/net';
import { NATS_URLS } from '../config.js';
import { MOST_AT_LOGIN } from './too-much.js';

/** A connection to a server that has introduced itself. */
export interface Opened {
  /** Paused; TLS if the url asks for it. */
  readonly socket: Socket;
  /** What came from the server so far: its INFO. */
  readonly greeting: Buffer;
}

/**
 * Opens a connection to the server, including the TLS handshake if the url asks for TLS. Reads the files each time, so that renewed certificates
 * are used. Rejects with an error that says what to do, or, at an abort, at once with the signal's reason and the socket closed.
 */
export async function greet(url: string, config: TlsConfig, signal: AbortSignal): Promise<Opened> {
  const address = NATS_URLS.addressOf(url);
  const files = address.tls ? await readTls(config) : {};
  // the server speaks first, and then TLS
  const socket = await openSocket({ ...address, tls: false }, {}, signal);
  const closed = new Promise<never>((_, reject) => {
    socket.once('close', () => reject(new Error('the server closed the connection')));
  });
  const close = (): void => void socket.destroy();
  signal.addEventListener('abort', close);
  try {
    const greeting = await Promise.race([greetingOf(socket), closed]);
    checkTls(greeting, address);
    if (!address.tls) return { socket, greeting };
    // What stands behind the first line in clear is of whoever could put it there.
    const first = greeting.subarray(0, greeting.indexOf('\r\n') + 2);
    return { socket: await secured(socket, address, files, closed), greeting: first };
  } catch (cause) {
    close();
    throw signal.aborted
      ? signal.reason
      : cannotConnect(address, cause as Error, cause instanceof TlsMisfit ? cause.advice : undefined);
  } finally {
    signal.removeEventListener('abort', close);
    // nobody waits for it any more
    closed.catch(ignore);
  }
}

function ignore(): void {}

/** Resolves with all there is when the first line is complete. Servers speak first. */
function greetingOf(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let greeting = Buffer.alloc(0);
    const take = (data: Buffer): void => {
      greeting = Buffer.concat([greeting, data]);
      const isNats = 'INFO '.startsWith(greeting.toString('latin1', 0, 5)) && greeting.length < MOST_AT_LOGIN;
      if (isNats && !greeting.includes('\r\n')) return;
      socket.pause().off('data', take);
      if (isNats) resolve(greeting);
      else reject(new Error('it does not speak NATS'));
    };
    socket.on('data', take).once('error', reject);
  });
}

/** One side wants TLS, and the other does not. */
class TlsMisfit extends Error {
  readonly advice: string;

  constructor(message: string, advice: string) {
    super(message);
    this.advice = advice;
  }
}

function checkTls(greeting: Buffer, { tls }: Address): void {
  const info = greeting.toString('utf8', 5, greeting.indexOf('\r\n'));
  const { tls_required: required, tls_available: available } = JSON.parse(info) as Record<string, unknown>;
  if (tls && !required && !available)
    throw new TlsMisfit('the server has no TLS', 'turn TLS on, or begin the url with nats://');
  if (!tls && required) throw new TlsMisfit('the server requires TLS', 'begin the url with tls://');
}

async function secured(plain: Socket, { host }: Address, files: TlsOptions, closed: Promise<never>): Promise<Socket> {
  const name = isIP(host) > 0 ? {} : { servername: host };
  const socket = connectTls({ socket: plain, host, ...name, ...files }).on('error', ignore);
  await Promise.race([once(socket, 'secureConnect'), closed]);
  return socket.pause();
}
