import { ServerUrls, URLS, urlsOf, type Urls } from '@sputnikjs/messaging/connector';
import { TLS_KEYS, tlsMisfits, type TlsConfig } from '@sputnikjs/messaging/net';
import { z } from 'zod';
import { sourceProblem } from './subject.js';

/** A stream that the connector needs: created if missing, checked otherwise. */
export interface StreamConfig {
  readonly name: string;
  /** The subjects that it stores; `*` stands for one token, `>` for all that follow. */
  readonly subjects: readonly string[];
  /** `file` survives a restart of the server. */
  readonly storage: 'file' | 'memory';
  /** Largest size. Default: as large as the server allows. */
  readonly maxBytes?: number | undefined;
  /** Messages are deleted after this time. */
  readonly maxAgeSeconds?: number | undefined;
  /** How long the server remembers the ids of messages. Default: two minutes. */
  readonly duplicateWindowSeconds?: number | undefined;
  /** What happens when the stream is full: `new` refuses new messages, `old` deletes the oldest without notice. */
  readonly discard: 'new' | 'old';
}

/** Configuration of the NATS connector. */
export interface NatsConfig extends TlsConfig {
  /** Url of the server: `nats://host:port` (4222), or `tls://host:port` for TLS. For a cluster, a list of urls. */
  readonly url: Urls;
  /** False uses core NATS, which stores nothing. */
  readonly jetstream: boolean;
  /** JetStream domain of the streams, if it is not that of the server. */
  readonly domain?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly token?: string | undefined;
  /** File with JWT and key, as `nsc` writes it; read at each connect. */
  readonly credsFile?: string | undefined;
  /** Seed of an nkey. */
  readonly nkeySeed?: string | undefined;
  /** Most messages sent and not yet acknowledged. */
  readonly inFlight: number;
  /** Streams to create at connect if missing, and to check otherwise. */
  readonly streams: readonly StreamConfig[];
  /** Name of the consumers. Satellites with the same name share the messages of a source. */
  readonly durable: string;
}

/** `nats://host:port`, or `tls://host:port`. */
export const NATS_URLS: ServerUrls = new ServerUrls({
  plain: { scheme: 'nats', port: 4222 },
  tls: { scheme: 'tls', port: 4222 },
});

/** Name of a stream or consumer: it becomes a token of subjects, and the name of a folder. */
const NAME = z.string().regex(/^[^\s.*>/\\\p{Cc}]{1,200}$/u, 'at most 200 characters, without white space . * > / \\');

const STREAM = z
  .strictObject({
    name: NAME.describe('Name of the stream.'),
    subjects: z
      .array(z.string())
      .min(1)
      .describe('Subjects that it stores; * stands for one token, > for all that follow.'),
    storage: z.enum(['file', 'memory']).describe('"file", which survives a restart of the server, or "memory".'),
    maxBytes: z.int().min(1).optional().describe('Largest size, in bytes. Default: as large as the server allows.'),
    maxAgeSeconds: z
      .number()
      .min(1)
      .optional()
      .describe('Messages are deleted after this time. Default: as long as the server allows.'),
    duplicateWindowSeconds: z
      .number()
      .min(0.1)
      .optional()
      .describe('How long the server remembers the ids of messages. Default: that of the server, two minutes.'),
    discard: z
      .enum(['new', 'old'])
      .default('new')
      .describe('What happens when it is full: "new" refuses new messages, "old" deletes the oldest without notice.'),
  })
  .superRefine(({ subjects, maxAgeSeconds = Infinity, duplicateWindowSeconds = 0 }, ctx) => {
    for (const [i, subject] of subjects.entries()) {
      const message = sourceProblem(subject);
      if (message !== undefined) ctx.addIssue({ code: 'custom', path: ['subjects', i], message });
    }
    if (duplicateWindowSeconds > maxAgeSeconds)
      ctx.addIssue({ code: 'custom', path: ['duplicateWindowSeconds'], message: 'may not exceed maxAgeSeconds' });
  });

/** Schema of {@link NatsConfig}. Unknown keys, and keys that do not go together, are errors. */
export const NATS_CONFIG: z.ZodType<NatsConfig> = z
  .strictObject({
    url: URLS.describe(
      'nats://host:port (4222), or tls://host:port for TLS. For a cluster, a list of servers, which are tried in turn.',
    ),
    jetstream: z
      .boolean()
      .default(true)
      .describe('Uses JetStream, which stores messages; false: core NATS, which stores nothing.'),
    domain: NAME.optional().describe(
      'JetStream domain of the streams, for example of the hub of a leaf node. Default: that of the server.',
    ),
    username: z.string().min(1).optional().describe('User name, with password; or give token, credsFile or nkeySeed.'),
    password: z.string().meta({ writeOnly: true }).optional().describe('Password of the user.'),
    token: z.string().min(1).meta({ writeOnly: true }).optional().describe('Token, in place of a user.'),
    credsFile: z
      .string()
      .min(1)
      .meta({ writeOnly: false })
      .optional()
      .describe('File with JWT and key, as nsc writes it; read at each connect.'),
    nkeySeed: z.string().min(1).meta({ writeOnly: true }).optional().describe('Seed of an nkey.'),
    inFlight: z.int().min(1).max(65_536).default(4096).describe('Most messages sent and not yet acknowledged.'),
    streams: z
      .array(STREAM)
      .default([])
      .describe(
        'Streams that must exist: a missing one is created, a deleted one is created again. An existing one is never changed; if it does not take the subjects, that is an error.',
      ),
    durable: NAME.default('sputnik').describe(
      'Name of the consumers. Satellites with the same name share the messages of a source.',
    ),
    ...TLS_KEYS,
  })
  .superRefine((config, ctx) => {
    for (const [path, message] of misfits(config)) ctx.addIssue({ code: 'custom', path: [...path], message });
  });

type Misfit = readonly [path: readonly (keyof NatsConfig | number)[], message: string];

/** Returns the keys that do not go together, and what to do about each. */
function misfits(config: NatsConfig): readonly Misfit[] {
  const { url, jetstream, domain, username, password, streams } = config;
  const bad = NATS_URLS.problems(url);
  const found: Misfit[] = bad.map(([path, problem]) => [['url', ...path], problem]);
  const add = (key: keyof NatsConfig, message: string): void => void found.push([[key], message]);
  if (password !== undefined && username === undefined) add('password', 'needs a username; give one, too');
  if (username !== undefined && password === undefined) add('username', 'needs a password; give one, too');
  const [first, ...others] = (['username', 'token', 'credsFile', 'nkeySeed'] as const).filter((key) => config[key]);
  for (const other of others) add(other, `conflicts with ${first}; keep one of the two`);
  if (!jetstream && streams.length > 0)
    add('streams', 'are for JetStream; leave them out, or remove "jetstream": false');
  if (!jetstream && domain !== undefined) add('domain', 'is for JetStream; leave it out, or remove "jetstream": false');
  if (bad.length > 0) return found;
  const isTls = urlsOf(url).some((each) => NATS_URLS.isTls(each));
  for (const [key, message] of tlsMisfits(config, isTls, 'tls://')) add(key, message);
  return found;
}
