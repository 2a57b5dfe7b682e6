import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '@sputnikjs/core';
import { arrived, networkOf } from '@sputnikjs/messaging/net';
import { refusal, type Answer } from '../answer/answers.js';
import { Connection, type ConnectionRules } from './connection.js';

/** How long clients may take to come again before the port closes: so many polls, with so many milliseconds between them. */
const POLLS = 20;
const POLL_MS = 5;
const QUIET_POLLS = 2;
/** About how many connections are still accepted before the port closes, one in each turn of the event loop. */
const MOST_TURNS = 1_000;
const TURNS_MS = 2_000;

/** Most requests under way of all connections together; beyond that, each connection has one. */
const MOST_OPEN = 2_048;
/** How often to check clients, in milliseconds. */
const EVERY_MS = 1_000;

/** A connection, from when it was accepted. */
interface Peer {
  readonly socket: Socket;
  /** The network of the client. */
  readonly network: string;
  readonly since: number;
  /** Undefined until its TLS handshake is over. */
  connection?: Connection;
}

/** Rules for all connections together. */
export interface ConnectionsRules extends Omit<ConnectionRules, 'hasRoom' | 'onBegin'> {
  readonly maxConnections: number;
  /** Called regularly while there are connections. */
  readonly onCheck: () => void;
  /** Called when one of too many connections is closed: that of `address`. */
  readonly onDrop: (address: string | undefined) => void;
}

/** All connections of a server. Sees what comes on them first, and follows each to its end. */
export class Connections {
  readonly #server: Server;
  readonly #clock: Clock;
  readonly #rules: ConnectionsRules;
  /** By address and port; includes those in their TLS handshake. */
  readonly #peers = new Map<string, Peer>();
  readonly #all = new Map<Duplex, Connection>();
  /** Requests passed to the handler. */
  readonly #underWay = new Set<IncomingMessage>();
  /** Number of requests that are not answered, or whose answers are not read. */
  #open = 0;
  #accepted = 0;
  /** Requests that wait until the port is closed. */
  #deferred: (() => void)[] | undefined;
  #stopped: Promise<void> | undefined;
  #cancelCheck: (() => void) | undefined;

  /** `handler` gets the requests to process. */
  constructor(server: Server, isTls: boolean, handler: RequestListener, rules: ConnectionsRules) {
    this.#server = server;
    this.#clock = rules.clock;
    this.#rules = rules;
    const own = {
      ...rules,
      hasRoom: () => this.#open < MOST_OPEN,
      onBegin: () => void this.#open++,
      onOver: (request: IncomingMessage): void => {
        this.#open--;
        this.#underWay.delete(request);
        rules.onOver(request);
      },
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
    // Whoever waits for leave to send a body is given it when it is known that the body is wanted: see the listener.
    server.on('request', handle).on('checkExpectation', handle).on('checkContinue', handle);
    // Node would cut the connection, also under answers that are on their way.
    server.on('connect', (_, socket) =>
      this.fail(socket, refusal('BAD_REQUEST', 'the gateway is no proxy; do not use CONNECT')),
    );
    server.on('timeout', (socket) => this.#all.get(socket)?.stalled());
    server.on('connection', (socket: Socket) => this.#accept(socket));
    server.on(isTls ? 'secureConnection' : 'connection', (socket: Socket) => {
      const peer = this.#peers.get(peerOf(socket));
      if (!peer) return void socket.destroy();
      peer.connection = new Connection(socket, own);
      this.#all.set(socket, peer.connection);
      socket.once('close', () => this.#all.delete(socket));
    });
  }

  /** How many there are. */
  get count(): number {
    return this.#peers.size;
  }

  /** See `isLast` of {@link Connection}. */
  isLast(response: ServerResponse): boolean {
    return this.#all.get(response.req.socket)?.isLast(response) ?? false;
  }

  /** See `takeOver` of {@link Connection}. */
  takeOver(response: ServerResponse): boolean {
    return this.#all.get(response.req.socket)?.takeOver(response) ?? false;
  }

  /** Returns true while we do not read a client, since too much of it is under way. */
  isHeld(request: IncomingMessage): boolean {
    return this.#all.get(request.socket)?.isHeld ?? false;
  }

  /** See `fail` of {@link Connection}. Cuts a connection that is still in its handshake. */
  fail(socket: Duplex, error: Answer): void {
    const connection = this.#all.get(socket);
    if (connection) connection.fail(error);
    else socket.destroy();
  }

  /** Accepts no more connections, and ends each when its requests are answered; answers incomplete ones with `refusal`. */
  async land(refusal: Answer): Promise<void> {
    // Who is answered comes again, perhaps over a new connection: until the port is closed nobody new is.
    const deferred = (this.#deferred = []) as (() => void)[];
    await this.#catchUp();
    const stopped = this.#stop();
    this.#deferred = undefined;
    for (const handle of deferred) handle();
    for (const { connection, socket } of this.#peers.values()) if (!connection) socket.destroy();
    for (const connection of this.#all.values()) connection.land(refusal);
    await stopped;
  }

  /** Accepts no more connections, and cuts all. */
  async cut(): Promise<void> {
    const stopped = this.#stop();
    for (const { socket } of this.#peers.values()) socket.destroy();
    await stopped;
  }

  /**
   * Reads what has come, to the port or over a connection, before anything is closed. A client that is answered meanwhile may come again. It
   * waits for such clients, but only a moment: connections that wait at a port that closes are reset.
   */
  async #catchUp(): Promise<void> {
    for (let polls = 0, quiet = 0; polls < POLLS && quiet < QUIET_POLLS; polls++) {
      const before = this.#accepted;
      await this.#clock.sleep(POLL_MS);
      quiet = this.#accepted === before && this.#underWay.size === 0 ? quiet + 1 : 0;
    }
    const until = this.#clock.now() + TURNS_MS;
    await arrived(
      () => this.#accepted,
      MOST_TURNS,
      () => this.#clock.now() >= until,
    );
  }

  #accept(socket: Socket): void {
    this.#accepted++;
    const name = peerOf(socket);
    const peer = { socket, network: networkOf(socket.remoteAddress), since: this.#clock.now() };
    this.#peers.set(name, peer);
    socket.once('close', () => {
      // the same port may have connected again
      if (this.#peers.get(name) === peer) this.#peers.delete(name);
      if (this.#peers.size > 0) return;
      this.#cancelCheck?.();
      this.#cancelCheck = undefined;
    });
    if (this.#peers.size > this.#rules.maxConnections) this.#makeRoom(peer);
    this.#cancelCheck ??= this.#clock.after(EVERY_MS, () => this.#check());
  }

  /**
   * Closes one of too many connections: of the client that has most of them, the one idle for longest; if none is idle, the newest. So nobody
   * can keep others out by holding connections open.
   */
  #makeRoom(newest: Peer): void {
    const counts = new Map<string, number>();
    for (const { network } of this.#peers.values()) counts.set(network, (counts.get(network) ?? 0) + 1);
    const countOf = ({ network }: Peer): number => counts.get(network) ?? 0;
    let [victim, idleSince, most] = [newest, Infinity, countOf(newest)];
    for (const peer of this.#peers.values()) {
      const since = peer.connection ? peer.connection.idleSince : peer.since;
      if (peer === newest || since === undefined) continue;
      const count = countOf(peer);
      if (count > most || (count === most && since < idleSince)) [victim, idleSince, most] = [peer, since, count];
    }
    this.#rules.onDrop(victim.socket.remoteAddress);
    victim.socket.destroy();
  }

  /** Checks all clients, regularly while there are any. */
  #check(): void {
    const now = this.#clock.now();
    for (const connection of this.#all.values()) connection.check(now);
    this.#rules.onCheck();
    this.#cancelCheck = this.#clock.after(EVERY_MS, () => this.#check());
  }

  #stop(): Promise<void> {
    this.#stopped ??= new Promise((resolve) => this.#server.close(() => resolve()));
    return this.#stopped;
  }
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
