import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { gate } from './gate.js';

/** A TCP server on loopback that takes connections and never says a word. */
export interface MuteServer {
  readonly port: number;
  /** Resolves with the first connection. */
  readonly connected: Promise<unknown>;
  /** Resolves when somebody has said something to it. */
  readonly heard: Promise<void>;
  /** The connections that are open. */
  readonly connections: number;
  close(): Promise<void>;
}

export async function muteServer(): Promise<MuteServer> {
  const sockets = new Set<Socket>();
  const heard = gate();
  let isClosing = false;
  const server = createServer((socket) => {
    if (isClosing) return void socket.destroy();
    sockets.add(socket);
    // It reads: else it would not see the other side close.
    socket.on('data', () => heard.open()).on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  const connected = once(server, 'connection');
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    connected,
    heard: heard.passed,
    get connections() {
      return sockets.size;
    },
    async close() {
      isClosing = true;
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
