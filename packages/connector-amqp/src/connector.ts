import {
  defineConnector,
  type ConnectorDefinition,
  type MessageRequester,
  type MessageResponder,
  type MessagingConnection,
} from '@sputnikjs/messaging';
import { LinkConnector, Servers, urlsOf } from '@sputnikjs/messaging/connector';
import { tlsProblems } from '@sputnikjs/messaging/net';
import { AMQP_CONFIG, type AmqpConfig, AMQP_URLS } from './config.js';
import { AmqpConsumer } from './consumer.js';
import type { AmqpLink, AmqpLinkUser } from './link.js';
import { openLink } from './login.js';
import { AmqpProducer } from './producer.js';
import { AmqpRequester } from './requester.js';
import { AmqpResponder } from './responder.js';
import { DEFAULT_LIMIT, type SizeLimit } from './refusal.js';
import { Topology } from './topology.js';

/** The connection that blocks get. */
export interface AmqpConnection extends MessagingConnection {
  /** Url of the server. */
  readonly url: string;
  readonly requester: MessageRequester;
  readonly responder: MessageResponder;
}

class AmqpConnector extends LinkConnector<AmqpLink, AmqpConnection, AmqpLinkUser> {
  readonly #config: AmqpConfig;
  readonly #servers: Servers;
  readonly #limit: SizeLimit = { bytes: DEFAULT_LIMIT };

  constructor(config: AmqpConfig) {
    super('AMQP', config.password === undefined ? undefined : AMQP_URLS.clearHost(config.url), [config.keyFile]);
    this.#config = config;
    this.#servers = new Servers(urlsOf(config.url));
  }

  protected override open(signal: AbortSignal): Promise<AmqpLink> {
    return this.#servers.open((url) => openLink(url, this.#config, this.log, signal), signal);
  }

  protected override async prepare(link: AmqpLink): Promise<AmqpConnection> {
    const topology = new Topology(link, this.#config);
    await topology.prepare();
    const producer = await AmqpProducer.on(link, topology, this.#config, this.#limit);
    const parts = { link, topology, log: this.log };
    return {
      url: link.url,
      producer,
      consumer: new AmqpConsumer(parts),
      requester: new AmqpRequester(link, this.#config, this.#limit),
      responder: new AmqpResponder(parts),
    };
  }
}

/**
 * The server connector of RabbitMQ: `{ "module": "@sputnikjs/connector-amqp", "url": "amqp://host:5672" }`.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { test } from 'node:test';
 * import { connector } from '@sputnikjs/connector-amqp';
 * import { standaloneConnectors, textOf } from '@sputnikjs/testkit';
 * import { rabbitmqServer } from '@sputnikjs/testkit/servers';
 * test('a message comes back', async (t) => {
 *   const server = await rabbitmqServer(t);
 *   await server.start();
 *   const { connection } = await standaloneConnectors(connector).open(t, { url: server.url, queues: [{ name: 'news', type: 'classic' }] });
 *   const came = new Promise<string>((resolve) => void connection.consumer.consume('news', async (message) => resolve(textOf(message))));
 *   await connection.producer.produce({ target: 'news', payload: 'hello' });
 *   assert.equal(await came, 'hello');
 * });
 */
export const connector: ConnectorDefinition<AmqpConnection, AmqpConfig> = defineConnector({
  name: 'amqp',
  config: AMQP_CONFIG,
  check: async (config) => ({ problems: await tlsProblems(config) }),
  make: (config: AmqpConfig) => new AmqpConnector(config),
});
