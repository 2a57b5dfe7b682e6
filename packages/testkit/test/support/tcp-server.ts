import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { TrialServer } from '@sputnikjs/testkit';

/** A server on loopback that answers each "ping" with "pong". */
export class TcpServer implements TrialServer {
  port = 0;
  #server: Server | undefined;
  #isFrozen = false;
  readonly #sockets = new Set<Socket>();

  async start(): Promise<void> {
    if (this.#server) return;
    this.#isFrozen = false;
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      socket.on('error', () => {});
      socket.on('data', () => !this.#isFrozen && socket.write('pong'));
    });
    this.#server.listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    for (const socket of this.#sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  }

  freeze(): void {
    this.#isFrozen = true;
  }
}
