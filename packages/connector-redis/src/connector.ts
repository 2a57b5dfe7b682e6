import type { ConfFactory, ConnectAttempt, Logger } from '@sputnikjs/core';
import {
  defineConnector,
  type ConnectorDefinition,
  type MessageConsumer,
  type MessageProducer,
  type MessagingConnection,
  type StartableConnector,
} from '@sputnikjs/sidecar';
import { REDIS_CONFIG, type RedisConfig } from './config.js';
import { Consumer, newName } from './consumer.js';
import { Link } from './link.js';
import { login } from './login.js';
import { Producer } from './producer.js';

/** What blocks get as connection. */
export interface RedisConnection extends MessagingConnection {
  /** Where the server is. */
  readonly url: string;
  /** Messages that were deleted from their stream, or trimmed, after they had come and before they were handled. */
  readonly dropped: number;
}

class Connection implements RedisConnection {
  readonly url: string;
  readonly producer: MessageProducer;
  readonly #consumer: Consumer;

  constructor(link: Link, config: RedisConfig, consumerName: string, log: Logger | undefined) {
    this.url = link.url;
    this.producer = new Producer(link, config.inFlight, config.maxLength).outbox;
    this.#consumer = new Consumer(link, config, consumerName, log);
  }

  get consumer(): MessageConsumer {
    return this.#consumer;
  }

  get dropped(): number {
    return this.#consumer.dropped;
  }
}

class RedisConnector implements StartableConnector<RedisConnection> {
  readonly #config: RedisConfig;
  readonly #consumerName: string;
  #current: { readonly link: Link; readonly connection: RedisConnection } | undefined;
  #log: Logger | undefined;
  #disconnected = false;

  constructor(config: RedisConfig) {
    this.#config = config;
    // the same at each connect, so that it takes up again what it had not acknowledged
    this.#consumerName = config.consumerName ?? newName();
  }

  start(log?: Logger): void {
    this.#log = log;
  }

  async connect(_config: ConfFactory, { signal, lost }: ConnectAttempt): Promise<RedisConnection> {
    if (this.#disconnected) throw new Error('the Redis connector has disconnected for good; make another');
    const current = this.#current;
    if (current?.link.alive === true) return current.connection;
    this.#current = undefined;
    current?.link.end(new Error('the server did not answer the heartbeat'));
    const { client } = await login(this.#config, signal);
    const link = new Link(this.#config, client);
    if (this.#disconnected) link.end(new Error('the connector was told to disconnect'));
    if (link.over !== undefined) throw link.over;
    link.add({ ended: (error) => this.#current?.link === link && lost(error) });
    const connection = new Connection(link, this.#config, this.#consumerName, this.#log);
    this.#current = { link, connection };
    return connection;
  }

  /** Asks the server: an open socket says nothing about a frozen one. */
  async isConnected(): Promise<boolean> {
    return (await this.#current?.link.ping()) ?? false;
  }

  async disconnect(): Promise<void> {
    this.#disconnected = true;
    const link = this.#current?.link;
    this.#current = undefined;
    await link?.close();
  }
}

/** The Redis Streams server connector: `{ "module": "@sputnikjs/connector-redis", "url": "redis://host:6379" }`. */
export const connector: ConnectorDefinition<RedisConnection> = defineConnector({
  name: 'redis',
  config: REDIS_CONFIG,
  make: (config: RedisConfig): StartableConnector<RedisConnection> => new RedisConnector(config),
});
