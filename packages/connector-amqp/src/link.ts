import { once } from 'node:events';
import type { Logger } from '@sputnikjs/core';
import { Link as BaseLink, type LinkUser as BaseUser } from '@sputnikjs/sidecar/connector';
import { Connection, type Channel, type ConnectionOptions } from 'rabbitmq-client';
import { checkFrames } from './check-frames.js';

/** What a connection of a link is for. A server short of memory or disk reads no more from one that has published. */
export type Role = 'producer' | 'consumer';

/** What a link tells those that work on it. */
export interface LinkUser extends BaseUser {
  /** The server takes no messages for now, for that reason; undefined: it does again. */
  blocked?(reason: string | undefined): void;
}

/**
 * Two connections to the server, one that publishes and one for all else, so that acknowledgements and heartbeats come through while the
 * server does not read what we publish. Both are over when one is; the library would reconnect by itself.
 */
export class Link extends BaseLink<LinkUser> {
  readonly #log: Logger | undefined;
  readonly #connections = new Map<Role, Connection>();
  readonly #channels = new Set<Channel>();
  #heart: Channel | undefined;
  #blocked: string | undefined;

  constructor(url: string, log: Logger | undefined) {
    super(url);
    this.#log = log;
  }

  /** Connects; resolves when the server has let us in. */
  async open(role: Role, options: ConnectionOptions): Promise<void> {
    const connection = new Connection({ ...options, connectionName: `sputnik ${role}` });
    this.#connections.set(role, connection);
    checkFrames(connection);
    // emitted at the first loss, when the library is about to reconnect
    connection.on('error', (error: Error) => this.end(tidied(error)));
    connection.on('connection.blocked', (reason) => this.#block(reason));
    connection.on('connection.unblocked', () => this.#unblock());
    await this.during(once(connection, 'connection'));
    if (role === 'consumer') this.#heart = await this.channel(role, (error) => this.end(error));
  }

  /** A new channel. `failed` is told why the server closes it, unless something asked for on it rejects with that. */
  async channel(role: Role, failed: (error: Error) => void): Promise<Channel> {
    const connection = this.#connections.get(role);
    if (connection === undefined) throw new Error(`the link has no ${role} yet`);
    const channel = await this.during(connection.acquire({ emitErrorsFromChannel: true }));
    channel.on('error', (error: Error) => failed(tidied(error)));
    channel.on('close', () => this.#channels.delete(channel));
    this.#channels.add(channel);
    return channel;
  }

  /** AMQP has no ping; this changes nothing on a channel that consumes nothing. */
  protected override async signOfLife(): Promise<void> {
    await this.#heart?.basicQos({ prefetchCount: 1 });
  }

  protected override release(): void {
    for (const connection of this.#connections.values()) connection.unsafeDestroy();
  }

  protected override async takeLeave(): Promise<void> {
    await Promise.all([...this.#channels].map((channel) => channel.close()));
    await Promise.all([...this.#connections.values()].map((connection) => connection.close()));
  }

  /** Why the server takes no messages for now; undefined if it does. */
  get blocked(): string | undefined {
    return this.#blocked;
  }

  #block(reason: string): void {
    this.#blocked = reason;
    this.#log?.warn(
      { event: 'serverBlocked', url: this.url, reason },
      `the server takes no messages for now: ${reason}; give it more memory or disk, or consume what it holds`,
    );
    for (const user of this.users) user.blocked?.(reason);
  }

  #unblock(): void {
    this.#blocked = undefined;
    this.#log?.info({ event: 'serverUnblocked', url: this.url }, 'the server takes messages again');
    for (const user of this.users) user.blocked?.(undefined);
  }
}

/** Has an error say what the server says, and no more; the library puts "undefined: " before a refusal of no command in particular. */
function tidied(error: Error): Error {
  error.message = error.message.replace(/^undefined: |\.$/g, '');
  return error;
}
