import type { ConfFactory, ConnectAttempt, Logger } from '@sputnikjs/core';
import {
  defineConnector,
  type ConnectorDefinition,
  type MessageConsumer,
  type MessageProducer,
  type MessagingConnection,
  type StartableConnector,
} from '@sputnikjs/sidecar';
import { NATS_CONFIG, type NatsConfig } from './config.js';
import { Consumer } from './consumer.js';
import { CoreConsumer } from './core-consumer.js';
import { CoreProducer } from './core-producer.js';
import { JetStream } from './jetstream.js';
import type { Link } from './link.js';
import { openLink } from './login.js';
import { Producer } from './producer.js';
import { prepareStreams } from './streams.js';

/** What blocks get as connection. */
export interface NatsMessaging extends MessagingConnection {
  /** Where the server is. */
  readonly url: string;
  /** Messages that were lost here since nobody could handle them; only core NATS loses any. */
  readonly dropped: number;
}

class Connection implements NatsMessaging {
  readonly url: string;
  readonly producer: MessageProducer;
  readonly consumer: MessageConsumer;

  constructor(link: Link, { jetstream, inFlight, durable }: NatsConfig, log: Logger | undefined) {
    this.url = link.url;
    this.producer = new (jetstream ? Producer : CoreProducer)(link, inFlight).outbox;
    this.consumer = jetstream ? new Consumer(new JetStream(link), durable) : new CoreConsumer(link, durable, log);
  }

  get dropped(): number {
    return this.consumer instanceof CoreConsumer ? this.consumer.dropped : 0;
  }
}

class NatsConnector implements StartableConnector<NatsMessaging> {
  readonly #config: NatsConfig;
  #current: { readonly link: Link; readonly connection: NatsMessaging } | undefined;
  #log: Logger | undefined;
  #disconnected = false;

  constructor(config: NatsConfig) {
    this.#config = config;
  }

  start(log?: Logger): void {
    this.#log = log;
  }

  async connect(_config: ConfFactory, { signal, lost }: ConnectAttempt): Promise<NatsMessaging> {
    if (this.#disconnected) throw new Error('the NATS connector has disconnected for good; make another');
    const current = this.#current;
    if (current?.link.alive === true) return current.connection;
    this.#current = undefined;
    current?.link.end(new Error('the server did not answer the heartbeat'));
    const link = await openLink(this.#config, signal);
    const connection = await this.#prepare(link, signal);
    if (this.#disconnected) link.end(new Error('the connector was told to disconnect'));
    if (link.over !== undefined) throw link.over;
    link.add({ ended: (error) => this.#current?.link === link && lost(error) });
    this.#current = { link, connection };
    return connection;
  }

  /** Rejects with the link ended; at once with the reason of the signal. */
  async #prepare(link: Link, signal: AbortSignal): Promise<NatsMessaging> {
    const aborted = (): void => link.end(signal.reason as Error);
    signal.addEventListener('abort', aborted);
    try {
      signal.throwIfAborted();
      const connection = new Connection(link, this.#config, this.#log);
      await prepareStreams(new JetStream(link), this.#config.streams);
      // by then the server has said what it has against our subscriptions
      await link.ping();
      return connection;
    } catch (error) {
      link.end(error as Error);
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', aborted);
    }
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

/** The NATS server connector: `{ "module": "@sputnikjs/connector-nats", "url": "nats://host:4222" }`. */
export const connector: ConnectorDefinition<NatsMessaging> = defineConnector({
  name: 'nats',
  config: NATS_CONFIG,
  make: (config: NatsConfig): StartableConnector<NatsMessaging> => new NatsConnector(config),
});
