import { createServer, type AddressInfo, type Server } from 'node:net';
import { bind } from './bind.js';
import { Connection } from './connection.js';
import type { Intake } from './intake.js';

/** Listens for TCP connections (RFC 6587). */
export class TcpListener {
  readonly #intake: Intake;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  #started = false;

  constructor(intake: Intake, maxConnections: number) {
    this.#intake = intake;
    // Keep-alive: a sender that vanished must not keep its place for ever.
    this.#server = createServer({ pauseOnConnect: true, keepAlive: true, keepAliveInitialDelay: 60_000 }, (socket) => {
      intake.counts.connections++;
      const connection = new Connection(socket, intake);
      this.#connections.add(connection);
      void connection.done.then(() => this.#connections.delete(connection));
      if (this.#started) connection.start();
    });
    this.#server.maxConnections = maxConnections;
    this.#server.on('drop', (refused) => {
      intake.counts.connectionsRefused++;
      const text = `a connection was refused: there are maxConnections (${maxConnections}) already`;
      intake.troubles.note('connectionRefused', text, { remoteAddress: refused?.remoteAddress });
    });
  }

  /** Resolves with the port. Rejects with an Error that says what to do. */
  async listen(address: string, port: number): Promise<number> {
    await bind('TCP', this.#server, address, port, () => this.#server.listen({ host: address, port }));
    this.#server.on('error', (error) => {
      this.#intake.troubles.note('acceptFailed', `a connection could not be accepted: ${error.message}`);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Begins to read: connections that came before have waited. */
  start(): void {
    this.#started = true;
    for (const connection of this.#connections) connection.start();
  }

  /** Stops listening and reading; resolves when all that had come is handed on, and all is closed. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await Promise.all([...this.#connections].map((connection) => connection.land()));
    await closed;
  }
}
