import { defineConnector, type ConnectorDefinition, type MessagingConnection } from '@sputnikjs/messaging';
import { cannotConnect, LinkConnector } from '@sputnikjs/messaging/connector';
import { z } from 'zod';
import { QueueLink, type QueueConfig } from './link.js';
import type { QueueLinkUser } from './subscription.js';

/** What `connector.json` may say. */
const QUEUE_CONFIG: z.ZodType<QueueConfig> = z.strictObject({
  url: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'expected postgres://user:password@host:port/database')
    .meta({ writeOnly: true }),
  inFlight: z.int().min(1).default(256),
});

class PostgresConnector extends LinkConnector<QueueLink, MessagingConnection, QueueLinkUser> {
  readonly #config: QueueConfig;

  constructor(config: QueueConfig) {
    super('PostgreSQL');
    this.#config = config;
  }

  protected override async open(signal: AbortSignal): Promise<QueueLink> {
    const { hostname: host, port, pathname } = new URL(this.#config.url);
    const address = {
      url: `postgres://${host}:${port || 5432}${pathname}`,
      host,
      port: Number(port || 5432),
      tls: false,
    };
    const link = new QueueLink(this.#config, address.url, this.log);
    const abort = (): void => link.end(signal.reason as Error);
    signal.addEventListener('abort', abort);
    try {
      signal.throwIfAborted();
      await link.connect();
      return link;
    } catch (error) {
      link.end(error as Error);
      throw signal.aborted ? signal.reason : cannotConnect(address, error as Error);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }

  /** Without the table nothing can be done. */
  protected override async prepare(link: QueueLink): Promise<MessagingConnection> {
    try {
      await link.query('select from queue limit 0', []);
      await link.query('listen queue', []);
    } catch (cause) {
      throw new Error(`${link.url} has no table "queue" for this user: ${(cause as Error).message}; apply queue.sql`, {
        cause,
      });
    }
    return link;
  }
}

/** Messages in a table of PostgreSQL, which notifies of new ones. */
export const connector: ConnectorDefinition<MessagingConnection, QueueConfig> = defineConnector({
  name: 'postgres',
  config: QUEUE_CONFIG,
  make: (config) => new PostgresConnector(config),
});
