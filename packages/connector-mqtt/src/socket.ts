import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { readTls, reasonOf } from '@sputnikjs/sidecar/connector';
import { addressOf, type MqttConfig } from './config.js';

/**
 * Opens a connection to the server, through the TLS handshake if the url asks for TLS; the files are read each time, so
 * that renewed certificates count. Rejects with what to do about it, or, at once, with the reason of the signal.
 */
export async function openSocket(url: string, config: MqttConfig, signal: AbortSignal): Promise<Socket> {
  const { host, port, tls } = addressOf(url);
  const options = tls ? await readTls(config) : {};
  signal.throwIfAborted();
  const socket = tls ? connectTls({ host, port, ...options }) : connect({ host, port });
  socket.setNoDelay(true);
  return await new Promise((resolve, reject) => {
    const settle = (): void => {
      signal.removeEventListener('abort', aborted);
      socket.off('error', failed);
    };
    const aborted = (): void => {
      settle();
      socket.on('error', ignore).destroy();
      reject(signal.reason as Error);
    };
    const failed = (cause: NodeJS.ErrnoException): void => {
      settle();
      const why = reasonOf(cause);
      reject(new Error(`cannot connect to ${url}: ${why}; ${advice(cause, tls)}`, { cause }));
    };
    signal.addEventListener('abort', aborted);
    socket.on('error', failed);
    socket.once(tls ? 'secureConnect' : 'connect', () => {
      settle();
      resolve(socket);
    });
  });
}

function ignore(): void {}

function advice({ code }: NodeJS.ErrnoException, tls: boolean): string {
  if (code === 'ECONNREFUSED') return 'is the server running, and is the port right?';
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return 'is the host right, and does name resolution work?';
  return tls ? 'are caFile, certFile, keyFile and servername right, and is this a TLS port?' : 'is the url right?';
}
