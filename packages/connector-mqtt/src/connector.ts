import { randomBytes } from 'node:crypto';
import type { Logger } from '@sputnikjs/core';
import {
  defineConnector,
  type ConnectorDefinition,
  type MessageConsumer,
  type MessageProducer,
  type MessagingConnection,
  type ServerFound,
} from '@sputnikjs/messaging';
import { LinkConnector, openSocket, Servers, urlsOf } from '@sputnikjs/messaging/connector';
import { tlsProblems } from '@sputnikjs/messaging/net';
import { MQTT_CONFIG, mostBytes, MQTT_URLS, type MqttConfig } from './config.js';
import { MqttConsumer } from './consumer.js';
import { EmbeddedBroker, listenPlaceOf } from './embedded.js';
import { MqttLink, type MqttLinkUser } from './link.js';
import { MqttProducer } from './producer.js';

/** The connection that blocks get. */
export interface MqttConnection extends MessagingConnection {
  /** Url of the server; with the embedded broker, it has the port of that. */
  readonly url: string;
  /** Messages of QoS 0 that were dropped, since too many waited for a slow handler. */
  readonly dropped: number;
}

class Connection implements MqttConnection {
  readonly url: string;
  readonly producer: MessageProducer;
  readonly #consumer: MqttConsumer;

  constructor(link: MqttLink, config: MqttConfig, log: Logger | undefined) {
    this.url = link.url;
    this.producer = new MqttProducer(link, config.inFlight, mostBytes(config));
    this.#consumer = new MqttConsumer(link, config, log);
  }

  get consumer(): MessageConsumer {
    return this.#consumer;
  }

  get dropped(): number {
    return this.#consumer.dropped;
  }
}

class MqttConnector extends LinkConnector<MqttLink, MqttConnection, MqttLinkUser> {
  readonly #config: MqttConfig;
  readonly #clientId: string;
  readonly #servers: Servers;
  readonly #broker: EmbeddedBroker | undefined;

  constructor(config: MqttConfig) {
    super('MQTT', config.password === undefined ? undefined : MQTT_URLS.clearHost(config.url ?? []), [config.keyFile]);
    this.#config = config;
    this.#servers = new Servers(urlsOf(config.url ?? []));
    // the same at each connect, so that the server ends the half-dead connection of before
    this.#clientId = config.clientId ?? newClientId();
    this.#broker = config.embedded ? new EmbeddedBroker(config) : undefined;
  }

  /** Starts the embedded broker; rejects if its port is in use. */
  override async start(log?: Logger): Promise<void> {
    await super.start(log);
    await this.#broker?.start(log);
    if (this.#broker?.url === undefined) return;
    const { host, port } = MQTT_URLS.addressOf(this.#broker.url);
    log?.info(
      { event: 'listening', protocol: 'mqtt', host, port },
      `the embedded MQTT broker listens at ${this.#broker.url}`,
    );
  }

  protected override async open(signal: AbortSignal): Promise<MqttLink> {
    await this.#broker?.start(this.log);
    const open = async (url: string): Promise<MqttLink> =>
      new MqttLink(url, await openSocket(MQTT_URLS.addressOf(url), this.#config, signal), this.#options());
    return this.#broker?.url === undefined ? this.#servers.open(open, signal) : open(this.#broker.url);
  }

  /** Without the identifier of the satellite, for which the server would end the satellite's own connection. */
  protected override async openForProbe(signal: AbortSignal): Promise<MqttLink> {
    // guard: a probe has an identifier of its own
    const options = { ...this.#options(), clientId: newClientId(), clean: true };
    const open = async (url: string): Promise<MqttLink> =>
      new MqttLink(url, await openSocket(MQTT_URLS.addressOf(url), this.#config, signal), options);
    const link = await this.#servers.open(open, signal);
    const aborted = (): void => link.end(signal.reason as Error);
    signal.addEventListener('abort', aborted);
    try {
      await link.accepted();
      return link;
    } catch (error) {
      link.end(error as Error);
      throw signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', aborted);
    }
  }

  override async probe(signal: AbortSignal): Promise<ServerFound | undefined> {
    return this.#broker === undefined ? super.probe(signal) : undefined;
  }

  protected override async prepare(link: MqttLink): Promise<MqttConnection> {
    // what a session has kept comes at once
    const connection = new Connection(link, this.#config, this.log);
    await link.accepted();
    return connection;
  }

  #options(): ConstructorParameters<typeof MqttLink>[2] {
    const { username, password, cleanSession, keepaliveSeconds } = this.#config;
    return {
      clientId: this.#clientId,
      clean: cleanSession,
      keepalive: keepaliveSeconds,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
    };
  }

  /** Ends the connection, then the embedded broker, once its subscribers have their messages. */
  override async disconnect(): Promise<void> {
    await super.disconnect();
    await this.#broker?.stop();
  }
}

function newClientId(): string {
  return `sputnik-${randomBytes(6).toString('hex')}`;
}

/**
 * The MQTT 3.1.1 server connector: `{ "module": "@sputnikjs/connector-mqtt", "url": "mqtt://host:1883" }`.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { test } from 'node:test';
 * import { connector } from '@sputnikjs/connector-mqtt';
 * import { standaloneConnectors, textOf } from '@sputnikjs/testkit';
 * import { freePort } from '@sputnikjs/testkit/servers';
 * test('a message comes back, from a broker that the connector embeds', async (t) => {
 *   const { connection } = await standaloneConnectors(connector).open(t, { embedded: true, port: await freePort() });
 *   let come: (text: string) => void;
 *   const came = new Promise<string>((resolve) => (come = resolve));
 *   await connection.consumer.consume('news', async (message) => come(textOf(message)));
 *   await connection.producer.produce({ target: 'news', payload: 'hello' });
 *   assert.equal(await came, 'hello');
 * });
 */
export const connector: ConnectorDefinition<MqttConnection, MqttConfig> = defineConnector({
  name: 'mqtt',
  config: MQTT_CONFIG,
  check: async (config) => ({
    problems: await tlsProblems(config),
    listens: config.embedded ? [listenPlaceOf(config)] : [],
  }),
  make: (config: MqttConfig) => new MqttConnector(config),
});
