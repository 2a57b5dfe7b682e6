import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { readTls, reasonOf, type TlsOptions } from '@sputnikjs/sidecar/connector';
import { addressOf, type Address, type NatsConfig } from './config.js';

/** A connection to a server that has introduced itself. */
export interface Opened {
  /** Paused; TLS if the url asks for it. */
  readonly socket: Socket;
  /** What came from the server so far: its INFO. */
  readonly greeting: Buffer;
}

/** More than any server introduces itself with, in bytes. */
const MAX_GREETING = 1024 * 1024;

/**
 * Opens a connection to the server, to the end of the TLS handshake if the url asks for TLS; the files are read each time, so that
 * renewed certificates count. Rejects with what to do about it, or, at once and with the socket closed, with the reason of the signal.
 */
export async function openSocket(config: NatsConfig, signal: AbortSignal): Promise<Opened> {
  const { url } = config;
  const address = addressOf(url);
  const files = address.tls ? await readTls(config) : {};
  signal.throwIfAborted();
  const socket = connect({ host: address.host, port: address.port, noDelay: true }).on('error', ignore);
  const closed = new Promise<never>((_, reject) => {
    socket.once('close', () => reject(new Error('the server closed the connection')));
  });
  const close = (): void => void socket.destroy();
  signal.addEventListener('abort', close);
  try {
    await once(socket, 'connect', { signal });
    const greeting = await Promise.race([greetingOf(socket), closed]);
    checkTls(greeting, address);
    return address.tls ? { socket: await secured(socket, address, files, closed), greeting } : { socket, greeting };
  } catch (cause) {
    close();
    throw signal.aborted ? signal.reason : explained(url, cause as Error, address.tls);
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
      const isNats = 'INFO '.startsWith(greeting.toString('latin1', 0, 5)) && greeting.length < MAX_GREETING;
      if (isNats && !greeting.includes('\r\n')) return;
      socket.pause().off('data', take);
      if (isNats) resolve(greeting);
      else reject(new Error('it does not speak NATS'));
    };
    socket.on('data', take).once('error', reject);
  });
}

function checkTls(greeting: Buffer, { tls }: Address): void {
  const info = greeting.toString('utf8', 5, greeting.indexOf('\r\n'));
  const { tls_required: required, tls_available: available } = JSON.parse(info) as Record<string, unknown>;
  if (tls && !required && !available)
    throw new Error('the server has no TLS; turn it on there, or begin the url with nats://');
  if (!tls && required) throw new Error('the server wants TLS; begin the url with tls://');
}

async function secured(plain: Socket, { host }: Address, files: TlsOptions, closed: Promise<never>): Promise<Socket> {
  const name = isIP(host) > 0 ? {} : { servername: host };
  const socket = connectTls({ socket: plain, host, ...name, ...files }).on('error', ignore);
  await Promise.race([once(socket, 'secureConnect'), closed]);
  return socket.pause();
}

function explained(url: string, cause: NodeJS.ErrnoException, isTls: boolean): Error {
  const why = reasonOf(cause);
  return new Error(`cannot connect to ${url}: ${why}${advice(cause, isTls)}`, { cause });
}

function advice({ code, message }: NodeJS.ErrnoException, isTls: boolean): string {
  if (message.includes('; ')) return '';
  if (code === 'ECONNREFUSED') return '; is the server running, and is the port right?';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return '; is the host right, and does name resolution work?';
  return isTls ? '; are caFile, certFile, keyFile and servername right?' : '; is the url right?';
}
