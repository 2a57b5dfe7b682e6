import { isHttpUrl, TLS_KEYS, tlsMisfits, type TlsConfig } from '@sputnikjs/messaging/net';
import { z } from 'zod';
import { pathFault } from './path.js';

/** Methods that may be called. */
export type Method = 'GET' | 'HEAD' | 'OPTIONS' | 'PUT' | 'DELETE' | 'POST' | 'PATCH';

const METHODS = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'POST', 'PATCH'] as const satisfies readonly Method[];

/** Headers of one connection, or that are made here, and never of a message. */
const OURS = [
  'connection',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
/** Of these there may be several, which no header of a message can hold; the other one is ours. */
const NOT_IN_REPLIES = [...OURS, 'set-cookie', 'status'];

/** Configuration of the `httpupstream` block. */
export interface HttpUpstreamConfig extends TlsConfig {
  /** What is called; paths of messages go behind its path. */
  readonly url: string;
  /** Methods that a request may name in its header `method`. The default is the first. */
  readonly methods: readonly Method[];
  /** Paths that a request may name in its header `path`; `*` stands for any characters. Default: none, only the URL is called. */
  readonly paths: readonly string[];
  /** Headers of requests that go to the upstream. */
  readonly requestHeaders: readonly string[];
  /** Headers of answers that go back with the reply. */
  readonly replyHeaders: readonly string[];
  /** Most calls at once. */
  readonly concurrency: number;
  /** How long it may take to connect, in milliseconds. */
  readonly connectTimeoutMs: number;
  /** How long a request may take, up to the end of the answer, in milliseconds. */
  readonly timeoutMs: number;
  /** Largest body of an answer, in bytes. */
  readonly maxReplyBytes: number;
}

const milliseconds = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);

/** Schema of {@link HttpUpstreamConfig}. Unknown keys, and keys that do not go together, are errors. */
export const HTTP_UPSTREAM_CONFIG: z.ZodType<HttpUpstreamConfig> = z
  .strictObject({
    url: z
      .string()
      .refine(isBase, 'must be http:// or https://, without a user, a password, a query or a fragment')
      .describe('URL of the upstream. The path that a request names is appended to its path.'),
    methods: z
      .array(z.enum(METHODS))
      .min(1)
      .default(['POST'])
      .describe('Methods that a request may name in its header method. If it names none, the first counts.'),
    paths: z
      .array(
        z.string().refine(isPattern, 'must begin with a slash or *, and have only characters that a path may have'),
      )
      .default([])
      .describe(
        'Paths that a request may name in its header path, without query; * stands for any characters. Default: none, only the url itself is called.',
      ),
    requestHeaders: headerNames(OURS)
      .default([])
      .describe(
        'Headers of a request that go to the upstream. Its content type and the context of its trace always go. Default: none.',
      ),
    replyHeaders: headerNames(NOT_IN_REPLIES)
      .default(['location', 'retry-after'])
      .describe(
        'Headers of an answer that go back with the reply. Its content type, its content encoding and its status always go.',
      ),
    concurrency: z.int().min(1).max(1_024).default(16).describe('Most calls at once; further requests wait.'),
    connectTimeoutMs: milliseconds.default(2_000).describe('How long it may take to connect, in milliseconds.'),
    timeoutMs: milliseconds
      .default(5_000)
      .describe(
        'How long a request may take, from its arrival in the block to the end of the answer, in milliseconds. Set it below the time that requesters wait for a reply.',
      ),
    maxReplyBytes: z
      .int()
      .min(0)
      .default(1_000_000)
      .describe('Largest body of an answer, in bytes. No more than the server takes in a message.'),
    ...TLS_KEYS,
  })
  .superRefine((config, ctx) => {
    if (!isHttpUrl(config.url)) return;
    const isTls = new URL(config.url).protocol === 'https:';
    for (const [key, message] of tlsMisfits(config, isTls, 'https://'))
      ctx.addIssue({ code: 'custom', path: [key], message });
  });

function headerNames(refused: readonly string[]) {
  const name = z
    .string()
    .regex(/^[!#$%&'*+.^_`|~\dA-Za-z-]+$/, 'is not the name of a header')
    .refine((text) => !refused.includes(text.toLowerCase()), 'is a header that is never passed on');
  return z.array(name);
}

function isBase(text: string): boolean {
  return isHttpUrl(text) && new URL(text).search === '' && !text.includes('?');
}

function isPattern(text: string): boolean {
  return !text.includes('?') && pathFault(text.startsWith('*') ? `/${text}` : text) === undefined;
}
