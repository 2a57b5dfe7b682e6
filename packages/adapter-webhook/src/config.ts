import { hostOf, isHttpUrl, TLS_KEYS, tlsMisfits, type TlsConfig } from '@sputnikjs/messaging/net';
import { isIP } from 'node:net';
import { z } from 'zod';
import { addressFilter, networkProblem } from './send/networks.js';

/** Configuration of the `webhook` block. */
export interface WebhookConfig extends TlsConfig {
  /** Where messages are POSTed to. */
  readonly url: string;
  /** Secrets that requests are signed with, separated by white space; several while one is replaced. */
  readonly secret?: string | undefined;
  /** File that has them, in place of `secret`. Read again when it has changed. */
  readonly secretFile?: string | undefined;
  /** The `type` of an event that is made from a message that is not an event itself. */
  readonly type: string;
  /** Messages of one key go one after the other (`key`), or all go at once (`none`). */
  readonly order: 'key' | 'none';
  /** Most requests at once. */
  readonly concurrency: number;
  /** How long an attempt may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Most attempts for a message. Default: until it is accepted or refused. */
  readonly maxAttempts?: number | undefined;
  /** Target for messages that are given up. Default: the server delivers them again. */
  readonly deadLetter?: string | undefined;
  /** Addresses or networks that are not public and that requests may go to all the same. */
  readonly allowedNetworks: readonly string[];
}

/** Schema of {@link WebhookConfig}. Unknown keys, and keys that do not go together, are errors. */
export const WEBHOOK_CONFIG: z.ZodType<WebhookConfig> = z
  .strictObject({
    url: z
      .string()
      .refine(isHttpUrl, 'must be http:// or https://, without a user, a password or a fragment')
      .describe('Where messages are POSTed to.'),
    secret: z
      .string()
      .min(1)
      .meta({ writeOnly: true })
      .optional()
      .describe(
        'The secret that signs requests: whsec_ and base64. While you replace a secret, give several, separated by white space.',
      ),
    // a path is no secret, whatever it is called
    secretFile: z
      .string()
      .min(1)
      .meta({ writeOnly: false })
      .optional()
      .describe(
        'File that contains the secret, or several, in place of the key secret. Read again when it has changed.',
      ),
    type: z
      .string()
      .min(1)
      .default('sputnik.message')
      .describe('The type of the event that is made from a message that is not an event itself.'),
    order: z
      .enum(['key', 'none'])
      .default('key')
      .describe(
        '"key": messages with the same key go one after the other; the key is the attribute partitionkey of an event or, without one, the source. "none": all go at once.',
      ),
    concurrency: z.int().min(1).max(1_024).default(8).describe('Most requests at once.'),
    timeoutMs: z
      .int()
      .min(1)
      .max(2 ** 31 - 1)
      .default(15_000)
      .describe('How long an attempt may take, up to the end of the answer, in milliseconds.'),
    maxAttempts: z
      .int()
      .min(1)
      .optional()
      .describe(
        'Most attempts for a message. Default: no limit; attempts end when it is accepted or refused for good.',
      ),
    deadLetter: z
      .string()
      .min(1)
      .optional()
      .describe('Target on the server for messages that are given up. Without it, the server delivers them again.'),
    allowedNetworks: z
      .array(z.string())
      .default([])
      .describe(
        'Addresses and networks that are not public, such as 10.1.0.0/16, to which requests may go. Default: none.',
      ),
    ...TLS_KEYS,
  })
  .superRefine((config, ctx) => {
    for (const [path, message] of misfits(config)) ctx.addIssue({ code: 'custom', path: [...path], message });
  });

/** Returns the keys that do not go together, and what to do about each. */
function misfits(config: WebhookConfig): readonly (readonly [path: readonly PropertyKey[], message: string])[] {
  const { url, secret, secretFile, allowedNetworks } = config;
  const found: (readonly [readonly PropertyKey[], string])[] = [];
  if (secret === undefined && secretFile === undefined)
    found.push([['secretFile'], 'is missing: name the file with the secret that signs requests, or give secret']);
  if (secret !== undefined && secretFile !== undefined)
    found.push([['secretFile'], 'conflicts with secret; keep one of the two']);
  const wrong = allowedNetworks.map((text, index) => [index, networkProblem(text)] as const);
  for (const [index, problem] of wrong) if (problem !== undefined) found.push([['allowedNetworks', index], problem]);
  if (!isHttpUrl(url)) return found;
  const { protocol } = new URL(url);
  for (const [key, message] of tlsMisfits(config, protocol === 'https:', 'https://')) found.push([[key], message]);
  const host = hostOf(new URL(url));
  const isKnown = wrong.every(([, problem]) => problem === undefined);
  if (isKnown && isIP(host) > 0 && !addressFilter(allowedNetworks)(host))
    found.push([
      ['allowedNetworks'],
      `${host} of the url is not public; list it, or its network, if requests may go there`,
    ]);
  return found;
}
