import { ServerUrls, URLS, urlsOf, type Urls } from '@sputnikjs/messaging/connector';
import { TLS_KEYS, tlsMisfits, type TlsConfig } from '@sputnikjs/messaging/net';
import { z } from 'zod';
import { EXCHANGE, QUEUE, type ExchangeConfig, type QueueConfig } from './topology-config.js';
import { DEFAULT_LIMIT } from './refusal.js';
import { nameSchema } from './short-text.js';

/** Configuration of the AMQP connector. */
export interface AmqpConfig extends TlsConfig {
  /** Url of the server: `amqp://host:port` (5672), or `amqps://host:port` (5671) for TLS. For a cluster, a list of urls. */
  readonly url: Urls;
  readonly vhost: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Most messages sent and not yet confirmed. */
  readonly inFlight: number;
  /** Largest message that is taken from the server. */
  readonly maxMessageBytes: number;
  /** Exchange to publish to. With the default exchange (""), targets are names of queues; with another, they are routing keys. */
  readonly exchange: string;
  /** Exchanges to create at connect if missing, and to check otherwise. */
  readonly exchanges: readonly ExchangeConfig[];
  /** Queues to create at connect if missing, and to check otherwise; after the exchanges. */
  readonly queues: readonly QueueConfig[];
}

/** `amqp://host:port`, or `amqps://host:port`. */
export const AMQP_URLS: ServerUrls = new ServerUrls({
  plain: { scheme: 'amqp', port: 5672 },
  tls: { scheme: 'amqps', port: 5671 },
  instead: 'put the virtual host into "vhost"',
});

/** Schema of {@link AmqpConfig}. Unknown keys, and keys that do not go together, are errors. */
export const AMQP_CONFIG: z.ZodType<AmqpConfig> = z
  .strictObject({
    url: URLS.describe(
      'amqp://host:port (5672), or amqps://host:port (5671) for TLS. For a cluster, a list of servers, which are tried in turn.',
    ),
    vhost: nameSchema(1).default('/').describe('The virtual host.'),
    username: z
      .string()
      .min(1)
      .optional()
      .describe(
        'User name. Default: guest, with the password guest, which RabbitMQ accepts only from its own machine.',
      ),
    password: z.string().meta({ writeOnly: true }).optional().describe('Password of the user.'),
    inFlight: z.int().min(1).max(65_535).default(1024).describe('Most messages sent and not yet confirmed.'),
    maxMessageBytes: z
      .int()
      .min(1)
      .default(DEFAULT_LIMIT)
      .describe(
        'Largest message to take from the server, in bytes. If the server announces a larger one, the connector disconnects and connects again.',
      ),
    exchange: nameSchema(0)
      .default('')
      .describe(
        'Exchange to publish to. With "", the default exchange, targets are names of queues; with another, they are routing keys.',
      ),
    exchanges: z
      .array(EXCHANGE)
      .default([])
      .describe(
        'Exchanges that must exist: a missing one is created; one that exists with other properties is an error.',
      ),
    queues: z
      .array(QUEUE)
      .default([])
      .describe(
        'Queues that must exist: a missing one is created, after the exchanges; one that exists with other properties is an error.',
      ),
    ...TLS_KEYS,
  })
  .superRefine((config, ctx) => {
    for (const [path, message] of misfits(config)) ctx.addIssue({ code: 'custom', path: [...path], message });
  });

type Misfit = readonly [path: readonly (keyof AmqpConfig | number)[], message: string];

/** Returns the keys that do not go together, and what to do about each. */
function misfits(config: AmqpConfig): readonly Misfit[] {
  const { url, username, password } = config;
  const bad = AMQP_URLS.problems(url);
  const found: Misfit[] = bad.map(([path, problem]) => [['url', ...path], problem]);
  if (password !== undefined && username === undefined) found.push([['password'], 'needs a username; give one, too']);
  if (username !== undefined && password === undefined) found.push([['username'], 'needs a password; give one, too']);
  if (bad.length > 0) return found;
  const isTls = urlsOf(url).some((each) => AMQP_URLS.isTls(each));
  for (const [key, message] of tlsMisfits(config, isTls, 'amqps://')) found.push([[key], message]);
  return found;
}
