import { isLoopback, TLS_KEYS } from '@sputnikjs/messaging/net';
import { z } from 'zod';
import type { TokenConfig } from './access/tokens.js';

/** What is served at `GET /consume/<source>`, and to how many. */
export interface ConsumeConfig {
  /** The sources, in the server's spelling. */
  readonly sources: readonly string[];
  /** Most requests that consume at once. */
  readonly maxReaders: number;
  /** Most bytes that wait for one reader to take them; beyond that no more is consumed. */
  readonly maxReaderBytes: number;
  /** How long a message may wait for a reader to make room, in milliseconds. Then the gateway cuts the reader. */
  readonly readerTimeoutMs: number;
}

/** Where requests go that come to `POST /request/<target>`, and how many. */
export interface RequestConfig {
  /** The targets; `*` stands for any characters. */
  readonly targets: readonly string[];
  /** Most requests that wait for their replies at once. */
  readonly maxRequests: number;
  /** How long a reply may take, in milliseconds. */
  readonly timeoutMs: number;
}

/** Configuration of the `httpgateway` block. */
export interface HttpGatewayConfig {
  /** Address to listen on. */
  readonly host: string;
  /** Port to listen on; 0 picks a free one. */
  readonly port: number;
  /** PEM file of the certificate. With it, the gateway accepts only TLS. Changed files are read again. */
  readonly certFile?: string | undefined;
  /** PEM file of its key. */
  readonly keyFile?: string | undefined;
  /** PEM file of the authorities that sign certificates of clients. With it, clients need such a certificate. */
  readonly caFile?: string | undefined;
  /** Who may send, and to which targets. Without tokens, everybody may. */
  readonly tokens: readonly TokenConfig[];
  /** Without tokens: the targets that everybody may use; `*` stands for any characters. Default: all. */
  readonly targets?: readonly string[] | undefined;
  /** Largest body, in bytes. */
  readonly maxBodyBytes: number;
  /** Most bytes of all bodies held at once, of requests that come in or wait. */
  readonly maxHeldBytes: number;
  /** Refuses a body that is slower than this, in bytes a second, over five seconds. */
  readonly minBodyBytesPerSecond: number;
  /** Largest headers of a request, all together, in bytes. */
  readonly maxHeaderBytes: number;
  /** Most messages in a batch. */
  readonly maxBatchItems: number;
  /** How long the headers of a request may take to arrive, in milliseconds. */
  readonly headersTimeoutMs: number;
  /** How long a whole request may take to arrive, in milliseconds. */
  readonly requestTimeoutMs: number;
  /** How long a message waits for the server, in milliseconds. */
  readonly timeoutMs: number;
  /** Most connections at once. Beyond that, an idle connection of the client that has most of them is closed. */
  readonly maxConnections: number;
  /** Most messages that wait for the server at once. */
  readonly maxPending: number;
  /** Most of these messages of one client: of a token, or without tokens of an address. Default: `maxPending`. */
  readonly maxPendingPerClient?: number | undefined;
  /** Which sources clients may consume. Default: none. */
  readonly consume?: ConsumeConfig | undefined;
  /** To which targets clients may send requests. Default: none. */
  readonly request?: RequestConfig | undefined;
}

const count = (most: number): z.ZodDefault<z.ZodInt> => z.int().min(1).default(most);
/** Timers of Node count to here. */
const ms = (most: number): z.ZodDefault<z.ZodInt> =>
  z
    .int()
    .min(1)
    .max(2 ** 31 - 1)
    .default(most);

const TOKEN = z.strictObject({
  name: z
    .string()
    .min(1)
    .regex(/^\P{Surrogate}*$/u, 'has half a character (a lone surrogate)')
    .describe('Name in the log and the counts; must be unique.'),
  file: z.string().min(1).describe('File that contains the token.'),
  targets: z
    .array(z.string().min(1))
    .default([])
    .describe('Targets to which it may send; * stands for any characters.'),
  sources: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('Sources that it may consume, of those in consume.sources; * stands for any characters. Default: none.'),
  requests: z
    .array(z.string().min(1))
    .min(1)
    .optional()
    .describe('Targets of request to which it may send requests; * stands for any characters. Default: none.'),
});

const CONSUME = z.strictObject({
  sources: z
    .array(z.string().min(1))
    .min(1)
    .describe("Sources to serve at GET /consume/<source>, in the server's spelling."),
  maxReaders: count(64).describe('Most requests that consume at once.'),
  maxReaderBytes: count(256 * 1024).describe(
    'Most bytes that wait for one reader, plus one message. Beyond that, nothing is consumed for any reader.',
  ),
  readerTimeoutMs: ms(30_000).describe(
    'How long a message may wait for a reader to make room, in milliseconds. Then the gateway cuts the reader.',
  ),
});

const REQUEST = z.strictObject({
  targets: z
    .array(z.string().min(1))
    .min(1)
    .describe('Targets to which requests go at POST /request/<target>; * stands for any characters.'),
  maxRequests: count(256).describe('Most requests that wait for their replies at once.'),
  timeoutMs: ms(10_000).describe('How long a reply may take, in milliseconds.'),
});

/** Schema of {@link HttpGatewayConfig}. Every key has a default. Unknown keys, and keys that do not go together, are errors. */
export const HTTP_GATEWAY_CONFIG: z.ZodType<HttpGatewayConfig> = z
  .strictObject({
    host: z.string().min(1).default('127.0.0.1').describe('Address to listen on.'),
    port: z
      .int()
      .min(0)
      .max(65_535)
      .default(8080)
      .describe('Port to listen on; 0 picks a free one, and the log says which.'),
    certFile: TLS_KEYS.certFile.describe(
      'PEM file of the certificate. With it, the gateway accepts only HTTPS. Changed files are read again.',
    ),
    keyFile: TLS_KEYS.keyFile.describe('PEM file of the key of certFile.'),
    caFile: TLS_KEYS.caFile.describe(
      'PEM file of authorities. With it, clients need a certificate that one of them has signed.',
    ),
    // their files are told, and hold the secrets
    tokens: z
      .array(TOKEN)
      .meta({ writeOnly: false })
      .default([])
      .describe('Who may send, and to which targets. Without tokens, everybody may.'),
    targets: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe(
        'Without tokens: the targets that everybody may use; * stands for any characters. Default: all. A gateway that listens on more than loopback must list them, or have ["*"].',
      ),
    maxBodyBytes: count(1024 * 1024).describe('Largest body, in bytes.'),
    maxHeldBytes: count(64 * 1024 * 1024).describe(
      'Most bytes of all bodies together, from their arrival until the producer has finished with them.',
    ),
    minBodyBytesPerSecond: z
      .int()
      .min(0)
      .default(240)
      .describe('Slowest body, in bytes a second over five seconds. The gateway refuses slower ones. 0: no limit.'),
    maxHeaderBytes: count(16 * 1024).describe('Largest headers of a request, all together, in bytes.'),
    maxBatchItems: count(10_000).describe('Most messages in a batch.'),
    headersTimeoutMs: ms(10_000).describe(
      'How long the headers of a request, or a TLS handshake, may take, in milliseconds.',
    ),
    requestTimeoutMs: ms(30_000).describe('How long a whole request may take to arrive, in milliseconds.'),
    timeoutMs: ms(10_000).describe('How long a message waits for the server, in milliseconds.'),
    maxConnections: count(1024).describe(
      'Most connections at once. Beyond that, the client with the most connections loses the one that has been idle longest.',
    ),
    maxPending: count(1024).describe('Most messages that wait for the server at once.'),
    maxPendingPerClient: z
      .int()
      .min(1)
      .optional()
      .describe(
        'Most of these messages from one client: one token or, without tokens, one address. Default: maxPending.',
      ),
    consume: CONSUME.optional().describe('Which sources clients may consume, and how. Default: none.'),
    request: REQUEST.optional().describe(
      'To which targets clients may send requests, and how. Needs a server with requests: NATS or RabbitMQ. Default: none.',
    ),
  })
  .superRefine((config, ctx) => {
    for (const [path, message] of misfits(config)) ctx.addIssue({ code: 'custom', path: [...path], message });
  });

/** Returns the keys that do not go together, and what to do about each. */
function misfits(config: HttpGatewayConfig): readonly (readonly [path: readonly PropertyKey[], message: string])[] {
  const { certFile, keyFile, caFile, tokens, headersTimeoutMs, requestTimeoutMs } = config;
  const found: [PropertyKey[], string][] = [];
  if ((certFile === undefined) !== (keyFile === undefined))
    found.push([[certFile === undefined ? 'certFile' : 'keyFile'], 'certFile and keyFile go together']);
  if (caFile !== undefined && certFile === undefined)
    found.push([['caFile'], 'needs certFile and keyFile: it checks certificates of clients, over TLS']);
  if (headersTimeoutMs > requestTimeoutMs)
    found.push([
      ['headersTimeoutMs'],
      'cannot be larger than requestTimeoutMs, because headers are part of the request',
    ]);
  if (config.maxBodyBytes > config.maxHeldBytes)
    found.push([['maxHeldBytes'], 'needs room for at least one body of maxBodyBytes']);
  if (config.targets !== undefined && tokens.length > 0)
    found.push([['targets'], 'is for a gateway without tokens; give each token its own targets']);
  if (config.targets === undefined && tokens.length === 0 && !isLoopback(config.host))
    found.push([
      ['targets'],
      `without "tokens" everybody who reaches ${config.host} may send to any target; list the targets, or ["*"] for all`,
    ]);
  if (config.consume !== undefined && config.consume.maxReaders > config.maxConnections)
    found.push([
      ['consume', 'maxReaders'],
      'cannot be larger than maxConnections, because each reader needs a connection',
    ]);
  for (const [index, { targets, sources = [], requests = [] }] of tokens.entries()) {
    if (requests.length > 0 && config.request === undefined)
      found.push([
        ['tokens', index, 'requests'],
        'the gateway sends no requests; list their targets in request.targets',
      ]);
    if (targets.length === 0 && sources.length === 0 && requests.length === 0)
      found.push([
        ['tokens', index, 'targets'],
        'the token allows nothing; give it targets to send to, sources to consume, or requests',
      ]);
    if (sources.length > 0 && config.consume === undefined)
      found.push([['tokens', index, 'sources'], 'nothing can be consumed; list the sources in consume.sources']);
  }
  for (const [index, { name }] of tokens.entries())
    if (tokens.findIndex((token) => token.name === name) < index)
      found.push([['tokens', index, 'name'], `there is already a token "${name}"; give each its own name`]);
  return found;
}
