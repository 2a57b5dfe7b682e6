import { once } from 'node:events';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { readTls, reasonOf } from '@sputnikjs/sidecar/connector';
import { addressOf, type RedisConfig } from './config.js';

/**
 * Opens a connection to the server, to the end of the TLS handshake if the url asks for TLS; the files are read each time, so that
 * renewed certificates count. Rejects with what to do about it, or, at once and with the socket closed, with the reason of the signal.
 */
export async function openSocket(config: RedisConfig, signal: AbortSignal): Promise<Socket> {
  const { host, port, tls } = addressOf(config.url);
  const files = tls ? await readTls(config) : {};
  signal.throwIfAborted();
  const name = isIP(host) > 0 ? {} : { servername: host };
  const socket = tls ? connectTls({ host, port, ...name, ...files }) : connect({ host, port });
  socket.on('error', ignore);
  try {
    await once(socket, tls ? 'secureConnect' : 'connect', { signal });
    return socket;
  } catch (error) {
    socket.destroy();
    throw signal.aborted ? signal.reason : explained(config.url, error as Error, tls);
  }
}

/** Whoever uses the socket looks at its end; without a listener an error would end the process. */
function ignore(): void {}

function explained(url: string, cause: NodeJS.ErrnoException, isTls: boolean): Error {
  const why = reasonOf(cause);
  return new Error(`cannot connect to ${url}: ${why}; ${advice(cause, isTls)}`, { cause });
}

function advice({ code }: NodeJS.ErrnoException, isTls: boolean): string {
  if (code === 'ECONNREFUSED') return 'is the server running, and is the port right?';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'is the host right, and does name resolution work?';
  return isTls ? 'are caFile, certFile, keyFile and servername right, and is this a TLS port?' : 'is the url right?';
}
