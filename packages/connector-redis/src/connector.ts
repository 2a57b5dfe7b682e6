import type { Logger } from '@sputnikjs/core';
import {
  defineConnector,
  type ConnectorDefinition,
  type MessageConsumer,
  type MessageProducer,
  type MessageReplayer,
  type MessagingConnection,
} from '@sputnikjs/messaging';
import { LinkConnector } from '@sputnikjs/messaging/connector';
import { tlsProblems } from '@sputnikjs/messaging/net';
import { REDIS_CONFIG, type RedisConfig, REDIS_URLS } from './config.js';
import { RedisConsumer, newName } from './consumer.js';
import { RedisLink } from './link.js';
import { login } from './login.js';
import { RedisProducer } from './producer.js';
import { RedisReplayer } from './replayer.js';

/** The connection that blocks get. */
export interface RedisConnection extends MessagingConnection {
  /** Url of the server. */
  readonly url: string;
  /** Messages that somebody deleted or trimmed from their stream after we had read them, and before they were handled. */
  readonly dropped: number;
  readonly replayer: MessageReplayer;
}

class Connection implements RedisConnection {
  readonly url: string;
  readonly producer: MessageProducer;
  readonly replayer: MessageReplayer;
  readonly #consumer: RedisConsumer;

  constructor(link: RedisLink, config: RedisConfig, consumerName: string, log: Logger | undefined) {
    this.url = link.url;
    this.producer = new RedisProducer(link, config.inFlight, config.maxLength).outbox;
    this.replayer = new RedisReplayer(link);
    this.#consumer = new RedisConsumer(link, config, consumerName, log);
  }

  get consumer(): MessageConsumer {
    return this.#consumer;
  }

  get dropped(): number {
    return this.#consumer.dropped;
  }
}

class RedisConnector extends LinkConnector<RedisLink, RedisConnection> {
  readonly #config: RedisConfig;
  readonly #consumerName: string;

  constructor(config: RedisConfig) {
    super('Redis', config.password === undefined ? undefined : REDIS_URLS.clearHost(config.url), [config.keyFile]);
    this.#config = config;
    // the same at each connect, so that it takes up again what it had not acknowledged
    this.#consumerName = config.consumerName ?? newName();
  }

  protected override async open(signal: AbortSignal): Promise<RedisLink> {
    return new RedisLink(this.#config, await login(this.#config, signal));
  }

  protected override prepare(link: RedisLink): RedisConnection {
    return new Connection(link, this.#config, this.#consumerName, this.log);
  }
}

/**
 * The Redis Streams server connector: `{ "module": "@sputnikjs/connector-redis", "url": "redis://host:6379" }`.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { test } from 'node:test';
 * import { connector } from '@sputnikjs/connector-redis';
 * import { standaloneConnectors, textOf } from '@sputnikjs/testkit';
 * import { redisServer } from '@sputnikjs/testkit/servers';
 * test('a message comes back', async (t) => {
 *   const server = await redisServer(t);
 *   await server.start();
 *   const { connection } = await standaloneConnectors(connector).open(t, { url: server.url });
 *   const came = new Promise<string>((resolve) => void connection.consumer.consume('news', async (message) => resolve(textOf(message))));
 *   await connection.producer.produce({ target: 'news', payload: 'hello' });
 *   assert.equal(await came, 'hello');
 * });
 */
export const connector: ConnectorDefinition<RedisConnection, RedisConfig> = defineConnector({
  name: 'redis',
  config: REDIS_CONFIG,
  check: async (config) => ({ problems: await tlsProblems(config) }),
  make: (config: RedisConfig) => new RedisConnector(config),
});
