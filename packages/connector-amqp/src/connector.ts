import { defineConnector, type ConnectorDefinition, type MessagingConnection } from '@sputnikjs/sidecar';
import { LinkConnector } from '@sputnikjs/sidecar/connector';
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

class AmqpConnector extends LinkConnector<Link, AmqpConnection> {
  readonly #config: AmqpConfig;
  readonly #limit: SizeLimit = { bytes: DEFAULT_LIMIT };

  constructor(config: AmqpConfig) {
    super('AMQP');
    this.#config = config;
  }

  protected override open(signal: AbortSignal): Promise<Link> {
    return openLink(this.#config, this.log, signal);
  }

  protected override async prepare(link: Link): Promise<AmqpConnection> {
    await prepareTopology(link, this.#config);
    const { outbox } = await Producer.on(link, this.#config, this.#limit);
    return { url: link.url, producer: outbox, consumer: new Consumer(link) };
  }
}

/** The server connector of RabbitMQ: `{ "module": "@sputnikjs/connector-amqp", "url": "amqp://host:5672" }`. */
export const connector: ConnectorDefinition<AmqpConnection, AmqpConfig> = defineConnector({
  name: 'amqp',
  config: AMQP_CONFIG,
  make: (config: AmqpConfig) => new AmqpConnector(config),
});
