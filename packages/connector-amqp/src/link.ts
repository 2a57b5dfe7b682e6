import { once } from 'node:events';
import { systemClock, type Logger, type SputnikError } from '@sputnikjs/core';
import { connectionLost } from '@sputnikjs/sidecar/connector';
import { Connection, type Channel, type ConnectionOptions } from 'rabbitmq-client';

/** What a link tells those that work on it. */
export interface LinkUser {
  /** The link is over, for good. Nothing comes after it. */
  ended(error: SputnikError): void;
}

/** What a connection of a link is for. A server short of memory or disk reads no more from one that has published. */
export type Role = 'producer' | 'consumer';

/** How long a server has to take leave of us, in milliseconds. */
const GOODBYE_MS = 1000;

/**
 * Two connections to the server, one that publishes and one for all else, so that acknowledgements and heartbeats come through while the
 * server does not read what we publish. Both are over when one is, and never used again: the library would reconnect by itself.
 */
export class Link {
  readonly url: string;
  readonly #log: Logger | undefined;
  readonly #connections = new Map<Role, Connection>();
  readonly #channels = new Set<Channel>();
  readonly #users = new Set<LinkUser>();
  #heart: Channel | undefined;
  #end: SputnikError | undefined;
  /** Those who wait for the answer to the question under way. */
  #pings: ((alive: boolean) => void)[] = [];

  constructor(url: string, log: Logger | undefined) {
    this.url = url;
    this.#log = log;
  }

  /** Connects; resolves when the server has let us in. */
  async open(role: Role, options: ConnectionOptions): Promise<void> {
    const connection = new Connection({ ...options, connectionName: `sputnik ${role}` });
    this.#connections.set(role, connection);
    // emitted at the first loss, when the library is about to reconnect
    connection.on('error', (error: Error) => this.end(error));
    connection.on('connection.blocked', (reason) => this.#blocked(reason));
    connection.on('connection.unblocked', () => this.#unblocked());
    await this.during(once(connection, 'connection'));
    if (role === 'consumer') this.#heart = await this.channel(role, (error) => this.end(error));
  }

  /** A new channel. `failed` is told why the server closes it, unless something asked for on it rejects with that. */
  async channel(role: Role, failed: (error: Error) => void): Promise<Channel> {
    const connection = this.#connections.get(role);
    if (connection === undefined) throw new Error(`the link has no ${role} yet`);
    const channel = await this.during(connection.acquire({ emitErrorsFromChannel: true }));
    channel.on('error', failed);
    channel.on('close', () => this.#channels.delete(channel));
    this.#channels.add(channel);
    return channel;
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
    this.#users.add(user);
  }

  remove(user: LinkUser): void {
    this.#users.delete(user);
  }

  /** Asks the server for a sign of life: true when it comes, false when the link ends first. Never two at once. */
  ping(): Promise<boolean> {
    if (this.#end !== undefined) return Promise.resolve(false);
    return new Promise((resolve) => {
      if (this.#pings.push(resolve) > 1) return;
      // AMQP has no ping; this changes nothing on a channel that consumes nothing
      this.#heart?.basicQos({ prefetchCount: 1 }).then(() => this.#pong(true), ignore);
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
    for (const connection of this.#connections.values()) connection.unsafeDestroy();
    this.#pong(false);
    for (const user of this.#users) user.ended(this.#end);
    this.#users.clear();
  }

  /** Ends the link when what was sent before is out and the server knows that we go, within bounds. */
  async close(): Promise<void> {
    const enough = new AbortController();
    await Promise.race([this.#takeLeave().catch(ignore), systemClock.sleep(GOODBYE_MS, enough.signal)]);
    enough.abort();
    this.end(new Error('the satellite has disconnected'));
  }

  async #takeLeave(): Promise<void> {
    await Promise.all([...this.#channels].map((channel) => channel.close()));
    await Promise.all([...this.#connections.values()].map((connection) => connection.close()));
  }

  #blocked(reason: string): void {
    this.#log?.warn(
      { event: 'serverBlocked', url: this.url, reason },
      `the server takes no messages for now: ${reason}; give it more memory or disk, or consume what it holds`,
    );
  }

  #unblocked(): void {
    this.#log?.info({ event: 'serverUnblocked', url: this.url }, 'the server takes messages again');
  }
}

function ignore(): void {}
