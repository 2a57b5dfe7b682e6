import type { ConfFactory, ConnectAttempt, Logger } from '@sputnikjs/core';
import {
  defineConnector,
  type ConnectorDefinition,
  type MessagingConnection,
  type StartableConnector,
} from '@sputnikjs/sidecar';
import { AMQP_CONFIG, type AmqpConfig } from './config.js';
import { Consumer } from './consumer.js';
import type { Link } from './link.js';
import { openLink } from './login.js';
import { Producer } from './producer.js';
import { DEFAULT_LIMIT, type SizeLimit } from './refusal.js';
import { prepareTopology } from './topology.js';

/** What blocks get as connection. */
export interface AmqpConnection extends MessagingConnection {
  /** Where the server is. */
  readonly url: string;
}

class AmqpConnector implements StartableConnector<AmqpConnection> {
  readonly #config: AmqpConfig;
  readonly #limit: SizeLimit = { bytes: DEFAULT_LIMIT };
  #current: { readonly link: Link; readonly connection: AmqpConnection } | undefined;
  #log: Logger | undefined;
  #disconnected = false;

  constructor(config: AmqpConfig) {
    this.#config = config;
  }

  start(log?: Logger): void {
    this.#log = log;
  }

  async connect(_config: ConfFactory, { signal, lost }: ConnectAttempt): Promise<AmqpConnection> {
    if (this.#disconnected) throw new Error('the AMQP connector has disconnected for good; make another');
    const current = this.#current;
    if (current?.link.alive === true) return current.connection;
    this.#current = undefined;
    current?.link.end(new Error('the server did not answer the heartbeat'));
    const link = await openLink(this.#config, this.#log, signal);
    const connection = await this.#prepare(link, signal);
    if (this.#disconnected) link.end(new Error('the connector was told to disconnect'));
    if (link.over !== undefined) throw link.over;
    link.add({ ended: (error) => this.#current?.link === link && lost(error) });
    this.#current = { link, connection };
    return connection;
  }

  /** Rejects with the link ended; at once with the reason of the signal. */
  async #prepare(link: Link, signal: AbortSignal): Promise<AmqpConnection> {
    const aborted = (): void => link.end(signal.reason as Error);
    signal.addEventListener('abort', aborted);
    try {
      signal.throwIfAborted();
      await prepareTopology(link, this.#config);
      const { outbox } = await Producer.on(link, this.#config, this.#limit);
      return { url: link.url, producer: outbox, consumer: new Consumer(link) };
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

/** The server connector of RabbitMQ: `{ "module": "@sputnikjs/connector-amqp", "url": "amqp://host:5672" }`. */
export const connector: ConnectorDefinition<AmqpConnection> = defineConnector({
  name: 'amqp',
  config: AMQP_CONFIG,
  make: (config: AmqpConfig): StartableConnector<AmqpConnection> => new AmqpConnector(config),
});
