import { randomBytes } from 'node:crypto';
import type { ConfFactory, ConnectAttempt, Logger } from '@sputnikjs/core';
import {
  defineConnector,
  type ConnectorDefinition,
  type MessageConsumer,
  type MessageProducer,
  type MessagingConnection,
  type StartableConnector,
} from '@sputnikjs/sidecar';
import { addressOf, MQTT_CONFIG, type MqttConfig } from './config.js';
import { Consumer } from './consumer.js';
import { EmbeddedBroker } from './embedded.js';
import { Link } from './link.js';
import { Producer } from './producer.js';
import { openSocket } from './socket.js';

/** What blocks get as connection. */
export interface MqttConnection extends MessagingConnection {
  /** Where the server is; with the embedded broker this names the port that it listens on. */
  readonly url: string;
  /** Messages of QoS 0 that were dropped, since too many of them waited for a slow handler. */
  readonly dropped: number;
}

class Connection implements MqttConnection {
  readonly url: string;
  readonly producer: MessageProducer;
  readonly #consumer: Consumer;

  constructor(link: Link, { inFlight, cleanSession }: MqttConfig, log: Logger | undefined) {
    this.url = link.url;
    this.producer = new Producer(link, inFlight);
    this.#consumer = new Consumer(link, cleanSession, log);
  }

  get consumer(): MessageConsumer {
    return this.#consumer;
  }

  get dropped(): number {
    return this.#consumer.dropped;
  }
}

class MqttConnector implements StartableConnector<MqttConnection> {
  readonly #config: MqttConfig;
  readonly #clientId: string;
  readonly #broker: EmbeddedBroker | undefined;
  #current: { readonly link: Link; readonly connection: MqttConnection } | undefined;
  #log: Logger | undefined;
  #disconnected = false;

  constructor(config: MqttConfig) {
    this.#config = config;
    // the same at each connect, so that the server ends the half-dead connection of before
    this.#clientId = config.clientId ?? `sputnik-${randomBytes(6).toString('hex')}`;
    this.#broker = config.embedded ? new EmbeddedBroker(config) : undefined;
  }

  /** Binds the embedded broker; rejects if its port is in use. */
  async start(log?: Logger): Promise<void> {
    this.#log = log;
    await this.#broker?.start(log);
    if (this.#broker?.url === undefined) return;
    const { host, port } = addressOf(this.#broker.url);
    log?.info(
      { event: 'listening', protocol: 'mqtt', host, port },
      `the embedded MQTT broker listens at ${this.#broker.url}`,
    );
  }

  async connect(_config: ConfFactory, { signal, lost }: ConnectAttempt): Promise<MqttConnection> {
    if (this.#disconnected) throw new Error('the MQTT connector has disconnected for good; make another');
    const current = this.#current;
    if (current?.link.alive === true) return current.connection;
    this.#current = undefined;
    current?.link.end(new Error('the server did not answer the heartbeat'));
    await this.#broker?.start(this.#log);
    const url = this.#broker?.url ?? this.#config.url ?? '';
    const link = new Link(url, await openSocket(url, this.#config, signal), this.#options());
    const connection = new Connection(link, this.#config, this.#log);
    await link.accepted(signal);
    if (this.#disconnected) link.end(new Error('the connector was told to disconnect'));
    if (link.over !== undefined) throw link.over;
    link.add({ ended: (error) => this.#current?.link === link && lost(error) });
    this.#current = { link, connection };
    return connection;
  }

  #options(): ConstructorParameters<typeof Link>[2] {
    const { username, password, cleanSession, keepaliveSeconds } = this.#config;
    return {
      clientId: this.#clientId,
      clean: cleanSession,
      keepalive: keepaliveSeconds,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    };
  }

  /** Asks the server: an open socket says nothing about a frozen one. */
  async isConnected(): Promise<boolean> {
    return (await this.#current?.link.ping()) ?? false;
  }

  /** Ends the connection and, when its subscribers have taken what is theirs, the embedded broker. */
  async disconnect(): Promise<void> {
    this.#disconnected = true;
    const link = this.#current?.link;
    this.#current = undefined;
    await link?.close();
    await this.#broker?.stop();
  }
}

/** The MQTT 3.1.1 server connector: `{ "module": "@sputnikjs/connector-mqtt", "url": "mqtt://host:1883" }`. */
export const connector: ConnectorDefinition<MqttConnection> = defineConnector({
  name: 'mqtt',
  config: MQTT_CONFIG,
  make: (config: MqttConfig): StartableConnector<MqttConnection> => new MqttConnector(config),
});
