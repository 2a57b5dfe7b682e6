import type { Logger } from '@sputnikjs/core';
import {
  defineConnector,
  type ConnectorDefinition,
  type MessageConsumer,
  type MessageProducer,
  type MessageReplayer,
  type MessageRequester,
  type MessageResponder,
  type MessagingConnection,
  type PeerNetwork,
  type ServerFound,
} from '@sputnikjs/messaging';
import { LinkConnector, Servers, urlsOf } from '@sputnikjs/messaging/connector';
import { tlsProblems } from '@sputnikjs/messaging/net';
import { NATS_CONFIG, type NatsConfig, NATS_URLS } from './config.js';
import { JetStreamConsumer } from './jetstream/consumer.js';
import { CoreConsumer } from './core/consumer.js';
import { CoreProducer } from './core/producer.js';
import { NatsRequester } from './core/requester.js';
import { NatsResponder } from './core/responder.js';
import { JetStream } from './jetstream/jetstream.js';
import type { NatsLink, NatsLinkUser } from './link/link.js';
import { credsProblems, openLink } from './link/login.js';
import { JetStreamProducer } from './jetstream/producer.js';
import { JetStreamReplayer } from './jetstream/replayer.js';
import { Streams } from './jetstream/streams.js';
import { NatsPeers } from './peers/peers.js';

/** The connection that blocks get. */
export interface NatsMessaging extends MessagingConnection {
  /** Url of the server. */
  readonly url: string;
  /** Messages and requests lost in this process, since nobody could handle them. Only core NATS loses any, which has all requests. */
  readonly dropped: number;
  readonly requester: MessageRequester;
  readonly responder: MessageResponder;
  /** Joins processes to one satellite. */
  readonly peers: PeerNetwork;
}

class Connection implements NatsMessaging {
  readonly url: string;
  readonly producer: MessageProducer;
  readonly consumer: MessageConsumer;
  readonly replayer: MessageReplayer | undefined;
  readonly requester: MessageRequester;
  readonly responder: NatsResponder;
  readonly peers: PeerNetwork;

  constructor(link: NatsLink, { jetstream, inFlight, durable }: NatsConfig, streams: Streams, log: Logger | undefined) {
    this.url = link.url;
    this.producer = jetstream
      ? new JetStreamProducer(link, inFlight, streams).outbox
      : new CoreProducer(link, inFlight).outbox;
    this.consumer = jetstream ? new JetStreamConsumer(streams, durable, log) : new CoreConsumer(link, durable, log);
    this.replayer = jetstream ? new JetStreamReplayer(streams) : undefined;
    this.requester = new NatsRequester(link, (target) => streams.cover(target));
    this.responder = new NatsResponder(link, durable, log);
    this.peers = new NatsPeers(link);
  }

  get dropped(): number {
    const consumed = this.consumer instanceof CoreConsumer ? this.consumer.dropped : 0;
    return consumed + this.responder.dropped;
  }
}

class NatsConnector extends LinkConnector<NatsLink, NatsMessaging, NatsLinkUser> {
  readonly #config: NatsConfig;
  readonly #servers: Servers;

  constructor(config: NatsConfig) {
    const isSecret = (config.password ?? config.token) !== undefined;
    super('NATS', isSecret ? NATS_URLS.clearHost(config.url) : undefined, [config.keyFile, config.credsFile]);
    this.#config = config;
    this.#servers = new Servers(urlsOf(config.url));
  }

  protected override open(signal: AbortSignal): Promise<NatsLink> {
    return this.#servers.open((url) => openLink(url, this.#config, signal), signal);
  }

  #streams(link: NatsLink): Streams {
    const { domain, streams } = this.#config;
    return new Streams(new JetStream(link, domain), streams, this.log);
  }

  protected override async inspect(link: NatsLink): Promise<Pick<ServerFound, 'duplicateWindows'>> {
    const duplicateWindows = await this.#streams(link).duplicateWindows();
    return duplicateWindows.length === 0 ? {} : { duplicateWindows };
  }

  protected override async prepare(link: NatsLink): Promise<NatsMessaging> {
    const streams = this.#streams(link);
    const connection = new Connection(link, this.#config, streams, this.log);
    await streams.prepare();
    // by then the server has said what it has against our subscriptions
    await link.ping();
    return connection;
  }
}

/**
 * The NATS server connector: `{ "module": "@sputnikjs/connector-nats", "url": "nats://host:4222" }`.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { test } from 'node:test';
 * import { connector } from '@sputnikjs/connector-nats';
 * import { standaloneConnectors, textOf } from '@sputnikjs/testkit';
 * import { natsServer } from '@sputnikjs/testkit/servers';
 * test('a message comes back', async (t) => {
 *   const server = await natsServer(t);
 *   await server.start();
 *   const { connection } = await standaloneConnectors(connector).open(t, { url: server.url, streams: [{ name: 'NEWS', subjects: ['news'], storage: 'memory' }] });
 *   const came = new Promise<string>((resolve) => void connection.consumer.consume('news', async (message) => resolve(textOf(message))));
 *   await connection.producer.produce({ target: 'news', payload: 'hello' });
 *   assert.equal(await came, 'hello');
 * });
 */
export const connector: ConnectorDefinition<NatsMessaging, NatsConfig> = defineConnector({
  name: 'nats',
  config: NATS_CONFIG,
  check: async (config) => ({ problems: (await Promise.all([tlsProblems(config), credsProblems(config)])).flat() }),
  make: (config: NatsConfig) => new NatsConnector(config),
});
