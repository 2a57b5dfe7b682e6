import { ServerUrls } from '@sputnikjs/messaging/connector';
import { TLS_KEYS, tlsMisfits, type TlsConfig } from '@sputnikjs/messaging/net';
import { z } from 'zod';

/** Configuration of the Redis connector. */
export interface RedisConfig extends TlsConfig {
  /** Url of the server: `redis://host:port` (6379), or `rediss://host:port` for TLS. */
  readonly url: string;
  /** User name. Default: the server's user `default`. */
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  /** Number of the database with the streams. */
  readonly database: number;
  /** Most messages sent and not yet acknowledged. */
  readonly inFlight: number;
  /** Largest answer that is taken from the server: one message, or all that a read brings. */
  readonly maxAnswerBytes: number;
  /** About how many entries a stream keeps: the server deletes older ones as messages are produced. */
  readonly maxLength?: number | undefined;
  /** Name of the consumer group. Satellites of a group share the messages of a stream. */
  readonly group: string;
  /** Creates a missing group; false: that is an error. */
  readonly createGroups: boolean;
  /** Name of this satellite in the group; must be unique. Default: a new one for each process. */
  readonly consumerName?: string | undefined;
  /** Other consumers take over a message that its consumer has not acknowledged or touched for this time, in milliseconds. */
  readonly claimAfterMs: number;
}

/** `redis://host:port`, or `rediss://host:port`. */
export const REDIS_URLS: ServerUrls = new ServerUrls({
  plain: { scheme: 'redis', port: 6379 },
  tls: { scheme: 'rediss', port: 6379 },
  instead: 'put the number of the database into "database"',
});

/** Schema of {@link RedisConfig}. Unknown keys, and keys that do not go together, are errors. */
export const REDIS_CONFIG: z.ZodType<RedisConfig> = z
  .strictObject({
    url: z.string().describe('redis://host:port (6379), or rediss://host:port for TLS.'),
    username: z.string().min(1).optional().describe("User name. Default: the server's user default."),
    password: z.string().min(1).meta({ writeOnly: true }).optional().describe('Password of the user.'),
    database: z.int().min(0).default(0).describe('Number of the database with the streams.'),
    inFlight: z.int().min(1).max(65_536).default(1024).describe('Most messages sent and not yet acknowledged.'),
    maxAnswerBytes: z
      .int()
      .min(65_536)
      .default(268_435_456)
      .describe(
        'Largest answer to take from the server, in bytes: all messages of a read, at most 128. If the server announces a larger one, the connector disconnects and connects again.',
      ),
    maxLength: z
      .int()
      .min(1)
      .optional()
      .describe(
        'About how many entries a stream keeps. Older ones are deleted, even if nobody has consumed them. Default: no limit.',
      ),
    group: z
      .string()
      .min(1)
      .default('sputnik')
      .describe('Name of the consumer group. Satellites of a group share the messages of a stream.'),
    createGroups: z
      .boolean()
      .default(true)
      .describe('Creates a missing stream or group. With false, a missing one is an error that says how to create it.'),
    consumerName: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Name of this satellite in the group; must be unique. Default: a new one for each process. With a fixed name, a satellite that restarts resumes its unacknowledged messages at once.',
      ),
    claimAfterMs: z
      .int()
      .min(1000)
      .default(30_000)
      .describe(
        'Other consumers take over a message that its consumer has not touched for this time, in milliseconds. All consumers of the group need the same value.',
      ),
    ...TLS_KEYS,
  })
  .superRefine((config, ctx) => {
    for (const [key, message] of misfits(config)) ctx.addIssue({ code: 'custom', path: [key], message });
  });

/** Returns the keys that do not go together, and what to do about each. */
function misfits(config: RedisConfig): readonly (readonly [key: keyof RedisConfig, message: string])[] {
  const { url, username, password } = config;
  const found: (readonly [keyof RedisConfig, string])[] = [];
  const bad = REDIS_URLS.problem(url);
  if (bad !== undefined) found.push(['url', bad]);
  if (username !== undefined && password === undefined) found.push(['username', 'needs a password; give one, too']);
  if (bad === undefined) found.push(...tlsMisfits(config, REDIS_URLS.isTls(url), 'rediss://'));
  return found;
}
