import type { Socket } from 'node:net';
import { systemClock, type SputnikError } from '@sputnikjs/core';
import { connectionLost } from '@sputnikjs/sidecar/connector';
import type { NatsConnection, PermissionViolationError, Status } from '@nats-io/transport-node';
import type { Wire } from './wire.js';

/** What a link tells those that work on it. */
export interface LinkUser {
  /** The server forbids what was sent. */
  denied?(error: PermissionViolationError): void;
  /** The link is over, for good. Nothing comes after it. */
  ended(error: SputnikError): void;
}

const CLOSED_BY_SERVER = 'the server closed the connection';
/** How long a server has to take what was sent before we go, in milliseconds. */
const GOODBYE_MS = 1000;

/** One connection, never used again once it ended: the library's reconnecting is off, since it is sputnik's job. */
export class Link {
  readonly url: string;
  readonly nats: NatsConnection;
  readonly wire: Wire;
  readonly #socket: Socket;
  readonly #users: LinkUser[] = [];
  #end: SputnikError | undefined;
  /** What the server said last against us; it closes the connection after most of that. */
  #complaint: Error | undefined;
  /** Those who wait for the answer to the PING under way. */
  #pings: ((alive: boolean) => void)[] = [];

  constructor(url: string, nats: NatsConnection, socket: Socket, wire: Wire) {
    this.url = url;
    this.nats = nats;
    this.wire = wire;
    this.#socket = socket;
    let broken: Error | undefined;
    socket.on('error', (error) => (broken = error));
    socket.on('close', () => this.end(this.#complaint ?? broken ?? new Error(CLOSED_BY_SERVER)));
    void nats.closed().then((error) => this.end(error ?? this.#complaint ?? new Error(CLOSED_BY_SERVER)));
    void this.#listen(nats.status());
  }

  async #listen(statuses: AsyncIterable<Status>): Promise<void> {
    for await (const status of statuses) {
      if (status.type === 'staleConnection') this.end(this.#complaint ?? new Error('the server answers no pings'));
      if (status.type !== 'error') continue;
      if (!isViolation(status.error)) this.#complaint = status.error;
      else for (const user of this.#users) user.denied?.(status.error);
    }
  }

  /** Why the link is over, if it is. */
  get over(): SputnikError | undefined {
    return this.#end;
  }

  /** True while nothing speaks against the link being alive: it is open, and no ping of ours is unanswered. */
  get alive(): boolean {
    return this.#end === undefined && this.#pings.length === 0;
  }

  add(user: LinkUser): void {
    this.#users.push(user);
  }

  remove(user: LinkUser): void {
    const at = this.#users.indexOf(user);
    if (at >= 0) this.#users.splice(at, 1);
  }

  /** Asks the server for a sign of life: true when it comes, false when the link ends first. Never two at once. */
  ping(): Promise<boolean> {
    if (this.#end !== undefined) return Promise.resolve(false);
    return new Promise((resolve) => {
      if (this.#pings.push(resolve) === 1) this.nats.flush().then(() => this.#pong(true), ignore);
    });
  }

  #pong(alive: boolean): void {
    for (const resolve of this.#pings.splice(0)) resolve(alive);
  }

  /** Settles as the work does; rejects with why the link is over if it ends first. */
  async during<T>(work: Promise<T>): Promise<T> {
    work.catch(ignore);
    if (this.#end !== undefined) throw this.#end;
    const user: LinkUser = { ended() {} };
    const over = new Promise<never>((_, reject) => (user.ended = reject));
    this.add(user);
    try {
      return await Promise.race([work, over]);
    } catch (error) {
      throw this.#end ?? error;
    } finally {
      this.remove(user);
    }
  }

  /** Ends the link at once. The first reason counts. */
  end(cause: Error): void {
    if (this.#end !== undefined) return;
    this.#end = connectionLost(this.url, cause);
    this.#socket.destroy();
    this.nats.close().catch(ignore);
    this.#pong(false);
    for (const user of this.#users.splice(0)) user.ended(this.#end);
  }

  /** Ends the link when the server has what was sent before, within bounds. */
  async close(): Promise<void> {
    const enough = new AbortController();
    const taken = this.during(this.nats.flush()).catch(ignore);
    await Promise.race([taken, systemClock.sleep(GOODBYE_MS, enough.signal)]);
    enough.abort();
    this.end(new Error('the satellite has disconnected'));
  }
}

function isViolation(error: Error): error is PermissionViolationError {
  return error.name === 'PermissionViolationError';
}

function ignore(): void {}
