import { chmod } from 'node:fs/promises';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { arrived } from '@sputnikjs/messaging/net';
import {
  bind,
  clearPath,
  passedSocket,
  PATH_ADVICE,
  placeOf,
  plainAddress,
  privately,
  type Address,
  type ListenAt,
} from '@sputnikjs/messaging/net';
import { Connection } from './connection.js';
import { Crowd } from './crowd.js';
import { tell, type Intake, type Listener } from './intake.js';
import { openedBy } from './opened-by.js';
import { TlsGate } from './tls-gate.js';

/** Most turns of the event loop in which a landing still accepts connections, one in each. */
const MOST_TURNS = 256;

/** Listens for connections: over TCP (RFC 6587), TLS (RFC 5425), or a Unix socket. */
export class StreamListener implements Listener {
  readonly intake: Intake;
  readonly #server: Server;
  readonly #address: string;
  readonly #connections = new Set<Connection>();
  readonly #crowd: Crowd;
  #gate: TlsGate | undefined;
  #started = false;

  /** `address` is that of the host; a Unix socket has none. */
  constructor(intake: Intake, address: string) {
    this.intake = intake;
    this.#address = address;
    this.#crowd = new Crowd(intake);
    // A sender that vanished must not occupy a connection for ever.
    const options = { pauseOnConnect: true, keepAlive: true, keepAliveInitialDelay: 60_000 };
    this.#server = createServer(options, (socket) => {
      const peer = this.#peerOf(socket);
      if (!this.#crowd.admit(socket, peer)) return;
      intake.counts.connections++;
      if (this.#gate) void this.#gate.take(socket, peer, (opened) => openedBy(opened, peer, intake));
      else this.#add(socket, peer, undefined);
    });
  }

  async open(port: number): Promise<Address> {
    const { intake } = this;
    const { transport, path } = intake.config;
    if (transport === 'tls') this.#gate = await TlsGate.open(intake, (socket, peer) => this.#addSecure(socket, peer));
    const place = transport === 'unix' ? await this.#openPath() : await this.#openPort(port);
    intake.name = intake.config.name ?? (transport === 'unix' ? path : placeOf(place));
    this.#server.on('error', (error) => {
      tell(intake, 'acceptFailed', `a connection could not be accepted: ${error.message}`);
    });
    return place;
  }

  start(): void {
    this.#started = true;
    for (const connection of this.#connections) connection.start();
  }

  async close(): Promise<void> {
    // From senders that do not end, accept only what comes at once.
    await arrived(() => this.intake.counts.connections, MOST_TURNS);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const landed = [...this.#connections].map((connection) => connection.land());
    this.#gate?.close();
    await Promise.all(landed);
    await closed;
  }

  updateCounts(): Promise<void> {
    return Promise.resolve();
  }

  /** After a restart all senders may connect at once; one that the kernel refuses tries again a second later. */
  get #backlog(): number {
    return this.intake.config.maxConnections;
  }

  async #openPort(port: number): Promise<Address> {
    const place = { address: this.#address, port };
    const words = `${this.intake.config.transport.toUpperCase()} ${placeOf(place)}`;
    const passed = await this.#passed({ protocol: 'tcp', host: this.#address, port });
    const at = passed ?? { host: this.#address, port };
    await bind(words, this.#server, () => this.#server.listen({ ...at, backlog: this.#backlog }));
    return this.#server.address() as AddressInfo;
  }

  async #openPath(): Promise<Address> {
    const { path, mode } = this.intake.config;
    const passed = await this.#passed({ protocol: 'unix', path });
    if (passed) {
      // its permissions, and its end, are the service manager's
      await bind(`Unix socket ${path}`, this.#server, () => this.#server.listen({ ...passed, backlog: this.#backlog }));
      return { address: path, port: 0 };
    }
    await clearPath(path);
    await bind(
      `Unix socket ${path}`,
      this.#server,
      () => privately(() => this.#server.listen({ path, backlog: this.#backlog })),
      PATH_ADVICE,
    );
    await chmod(path, Number.parseInt(mode, 8)).catch(async (error: unknown) => {
      await this.close();
      throw error;
    });
    return { address: path, port: 0 };
  }

  /** The socket that the service manager has passed for this place. */
  async #passed(place: ListenAt): Promise<{ readonly fd: number } | undefined> {
    const fd = await passedSocket(place);
    this.intake.passed = fd !== undefined;
    return fd === undefined ? undefined : { fd };
  }

  #peerOf({ remoteAddress = '', remotePort = 0 }: Socket): Address {
    const { transport, path } = this.intake.config;
    return { address: transport === 'unix' ? path : plainAddress(remoteAddress), port: remotePort };
  }

  #addSecure(socket: TLSSocket, peer: Address): void {
    const subject = this.intake.config.peerSubject ? subjectOf(socket) : undefined;
    this.#add(socket, peer, subject);
  }

  #add(socket: Socket, { address, port }: Address, subject: string | undefined): void {
    const { transport } = this.intake.config;
    const verified = subject === undefined ? {} : { subject };
    const source = { address, port, transport, ...verified, listener: this.intake.name };
    const connection = new Connection(socket, source, this.intake);
    this.#crowd.join(socket, connection);
    this.#connections.add(connection);
    void connection.done.then(() => this.#connections.delete(connection));
    if (this.#started) connection.start();
  }
}

/** Returns the subject in the form of RFC 4514. There is one: without a verified certificate there is no connection. */
function subjectOf(socket: TLSSocket): string | undefined {
  return socket.getPeerX509Certificate()?.subject.split('\n').toReversed().join(',');
}
