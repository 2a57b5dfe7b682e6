import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

/** What servers say that no message server would. */
export const FOREIGN_GREETINGS: readonly string[] = [
  'HTTP/1.1 400 Bad Request\r\n\r\n',
  '220 mail ESMTP\r\n',
  'SSH-2.0-x\r\n',
  `${'\xff'.repeat(12)}\r\n`,
];

/** A TCP server on loopback that greets each client, and says no more. */
export interface ForeignServer {
  readonly port: number;
  close(): Promise<void>;
}

/** `greeting` is sent as Latin-1. */
export async function foreignServer(greeting: string): Promise<ForeignServer> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    // it reads: else it would not see the other side close
    socket.resume().on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    socket.write(greeting, 'latin1');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}
