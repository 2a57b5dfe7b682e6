import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '@sputnikjs/core';
import { arrived } from '@sputnikjs/messaging/net';
import { refusal, type Answer } from './answers.js';
import { Connection, type ConnectionRules } from './connection.js';

/** How long clients may take to come again before the port closes: looked at so often, each time after so many milliseconds. */
const LOOKS = 20;
const LOOK_MS = 5;
const QUIET_LOOKS = 2;
/** Connections, about, that are taken from the port before it closes: one in a turn of the event loop. */
const MOST_TURNS = 1_000;

/** All connections of a server: it takes what comes on them in hand before anybody else, and sees them to their end. */
export class Connections {
  readonly #server: Server;
  readonly #clock: Clock;
  /** Also those whose TLS handshake is not over. */
  readonly #sockets = new Set<Socket>();
  readonly #all = new Map<Duplex, Connection>();
  /** Requests that were given to the handler. */
  readonly #underWay = new Set<IncomingMessage>();
  #accepted = 0;
  /** Requests that wait until the port is closed. */
  #deferred: (() => void)[] | undefined;
  #stopped: Promise<void> | undefined;

  /** `handler` gets the requests that are to be processed. */
  constructor(server: Server, isTls: boolean, handler: RequestListener, rules: ConnectionRules) {
    this.#server = server;
    this.#clock = rules.clock;
    const onOver = (request: IncomingMessage): void => {
      this.#underWay.delete(request);
      rules.onOver(request);
    };
    // Node would cut those when the server closes, also under bytes that have come and were not read.
    server.closeIdleConnections = () => {};
    const handle = (request: IncomingMessage, response: ServerResponse): void => {
      if (!this.#all.get(request.socket)?.begin(request, response)) return;
      if (this.#deferred) this.#deferred.push(() => handler(request, response));
      else {
        this.#underWay.add(request);
        handler(request, response);
      }
    };
    server.on('request', handle).on('checkExpectation', handle);
    // Node would cut the connection, also under answers that are on their way.
    server.on('connect', (_, socket) => this.fail(socket, refusal('BAD_REQUEST', 'CONNECT is for proxies')));
    server.on('timeout', (socket) => this.#all.get(socket)?.stalled());
    server.on('connection', (socket: Socket) => {
      this.#accepted++;
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on(isTls ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.#all.set(socket, new Connection(socket, { ...rules, onOver }));
      socket.once('close', () => this.#all.delete(socket));
    });
  }

  /** As `isLast` of the connection. */
  isLast(response: ServerResponse): boolean {
    return this.#all.get(response.req.socket)?.isLast(response) ?? false;
  }

  /** As `fail` of the connection; one that has not come so far is cut. */
  fail(socket: Duplex, error: Answer): void {
    const connection = this.#all.get(socket);
    if (connection) connection.fail(error);
    else socket.destroy();
  }

  /** Takes no further connection, and ends all there are, each when its requests are answered: with `refusal` what is not complete. */
  async land(refusal: Answer): Promise<void> {
    // Who is answered comes again, perhaps over a new connection: until the port is closed nobody new is.
    const deferred = (this.#deferred = []) as (() => void)[];
    await this.#catchUp();
    const stopped = this.#stop();
    this.#deferred = undefined;
    for (const handle of deferred) handle();
    const secured = new Set([...this.#all.keys()].map((socket) => peerOf(socket as Socket)));
    for (const socket of this.#sockets) if (!secured.has(peerOf(socket))) socket.destroy();
    for (const connection of this.#all.values()) connection.land(refusal);
    await stopped;
  }

  /** Takes no further connection, and cuts all there are. */
  async cut(): Promise<void> {
    const stopped = this.#stop();
    for (const socket of this.#sockets) socket.destroy();
    await stopped;
  }

  /**
   * Takes what has come, to the port or over a connection, before anything is closed. A client that is answered meanwhile comes again:
   * it is waited for, a moment at most, since what waits at a port that closes is reset.
   */
  async #catchUp(): Promise<void> {
    for (let looks = 0, quiet = 0; looks < LOOKS && quiet < QUIET_LOOKS; looks++) {
      const before = this.#accepted;
      await this.#clock.sleep(LOOK_MS);
      quiet = this.#accepted === before && this.#underWay.size === 0 ? quiet + 1 : 0;
    }
    await arrived(() => this.#accepted, MOST_TURNS);
  }

  #stop(): Promise<void> {
    this.#stopped ??= new Promise((resolve) => this.#server.close(() => resolve()));
    return this.#stopped;
  }
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
