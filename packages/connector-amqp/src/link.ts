import { once } from 'node:events';
import type { Logger } from '@sputnikjs/core';
import { Link, type LinkUser } from '@sputnikjs/messaging/connector';
import { Connection, type Channel, type ConnectionOptions } from 'rabbitmq-client';
import { boundBodies } from './bound-bodies.js';
import { checkFrames } from './check-frames.js';

/** What a connection of a link is for. A server short of memory or disk stops reading from connections that have published. */
export type Role = 'control' | 'producer';

/** Something that works on a link, and hears of blocks and of its end. */
export interface AmqpLinkUser extends LinkUser {
  /** The server accepts no messages for now, with the reason; undefined: it does again. */
  blocked?(reason: string | undefined): void;
}

/**
 * Two connections to the server: one publishes, the other does everything else, so that heartbeats get through while the server does not read what
 * we publish. If one ends, both do; otherwise the library would reconnect by itself. Each subscription has a further connection, which may
 * end alone: the server ends it if it cannot deliver, for example from a quorum queue without a leader.
 */
export class AmqpLink extends Link<AmqpLinkUser> {
  readonly #options: ConnectionOptions;
  readonly #maxMessageBytes: number;
  readonly #log: Logger | undefined;
  readonly #connections = new Set<Connection>();
  readonly #byRole = new Map<Role, Connection>();
  readonly #channels = new Set<Channel>();
  #heart: Channel | undefined;
  #blocked: string | undefined;

  constructor(url: string, options: ConnectionOptions, maxMessageBytes: number, log: Logger | undefined) {
    super(url);
    this.#options = options;
    this.#maxMessageBytes = maxMessageBytes;
    this.#log = log;
  }

  /** Connects; resolves after the login. */
  async open(): Promise<void> {
    await this.#openRole('control');
    this.#heart = await this.channel('control', (error) => this.end(error));
    await this.#openRole('producer');
  }

  /** A new channel. `failed` gets the reason when the server closes it, unless a request on it rejects with that. */
  async channel(role: Role, failed: (error: Error) => void): Promise<Channel> {
    const connection = this.#byRole.get(role);
    if (connection === undefined) throw new Error(`the connection has no ${role} yet`);
    return this.#channelOn(connection, failed);
  }

  /** A new channel on a connection of its own, which ends with it. `failed` hears of the end of that, too, if the link stays. */
  async channelOfItsOwn(failed: (error: Error) => void): Promise<Channel> {
    const connection = this.#connect('consumer', (error) => void this.#lostAlone(connection, error, failed));
    await this.during(once(connection, 'connection'));
    const channel = await this.#channelOn(connection, failed);
    channel.once('close', () => setImmediate(() => void this.#close(connection)));
    return channel;
  }

  /** All others may be gone, too, which the link is about to notice. */
  async #lostAlone(connection: Connection, error: Error, failed: (error: Error) => void): Promise<void> {
    connection.unsafeDestroy();
    this.#connections.delete(connection);
    // guard: a subscription hears of the end of its connection
    if (await this.ping()) failed(error);
  }

  async #openRole(role: Role): Promise<void> {
    const connection = this.#connect(role, (error) => this.end(error));
    this.#byRole.set(role, connection);
    connection.on('connection.blocked', (reason) => this.#block(reason));
    connection.on('connection.unblocked', () => this.#unblock());
    await this.during(once(connection, 'connection'));
  }

  /** `lost` is called at the first loss, when the library is about to reconnect. */
  #connect(name: string, lost: (error: Error) => void): Connection {
    if (this.over !== undefined) throw this.over;
    // what publishes gathers small pieces
    const noDelay = name !== 'producer';
    const connection = new Connection({ ...this.#options, noDelay, connectionName: `sputnik ${name}` });
    this.#connections.add(connection);
    checkFrames(connection);
    connection.on('error', (error: Error) => lost(tidied(error)));
    return connection;
  }

  async #channelOn(connection: Connection, failed: (error: Error) => void): Promise<Channel> {
    const channel = await this.during(connection.acquire({ emitErrorsFromChannel: true }));
    boundBodies(channel, this.#maxMessageBytes);
    // guard: errors say what the server says, and no more
    channel.on('error', (error: Error) => failed(tidied(error)));
    channel.on('close', () => this.#channels.delete(channel));
    this.#channels.add(channel);
    return channel;
  }

  async #close(connection: Connection): Promise<void> {
    await connection.close();
    this.#connections.delete(connection);
  }

  /** AMQP has no ping; this changes nothing on a channel that consumes nothing. */
  protected override async pingServer(): Promise<void> {
    await this.#heart?.basicQos({ prefetchCount: 1 });
  }

  protected override release(): void {
    for (const connection of this.#connections) connection.unsafeDestroy();
  }

  protected override async sayGoodbye(): Promise<void> {
    await Promise.all([...this.#channels].map((channel) => channel.close()));
    await Promise.all([...this.#connections].map((connection) => connection.close()));
  }

  /** Why the server takes no messages for now; undefined if it does. */
  get blocked(): string | undefined {
    return this.#blocked;
  }

  #block(reason: string): void {
    this.#blocked = reason;
    this.#log?.warn(
      { event: 'serverBlocked', url: this.url, reason },
      `the server takes no messages for now: ${reason}; give it more memory or disk, or consume its messages`,
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
