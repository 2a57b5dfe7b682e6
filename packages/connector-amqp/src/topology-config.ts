import { z } from 'zod';
import { nameSchema } from './short-text.js';

/** An exchange that the connector needs. It is durable: it survives a restart of the server. */
export interface ExchangeConfig {
  readonly name: string;
  readonly type: 'direct' | 'fanout' | 'topic' | 'headers';
}

/** A queue that the connector needs: created if missing, checked otherwise. */
export interface QueueConfig {
  readonly name: string;
  readonly type: 'classic' | 'quorum';
  /** False: the queue does not survive a restart of the server. Classic queues only. */
  readonly durable: boolean;
  /** Most messages in the queue. Default: no limit. */
  readonly maxLength?: number | undefined;
  /** Most bytes of messages in the queue. Default: no limit. */
  readonly maxLengthBytes?: number | undefined;
  /** What happens when the queue is full: `reject-publish` (the default) refuses new messages, `drop-head` deletes the oldest without notice. */
  readonly overflow?: 'reject-publish' | 'drop-head' | undefined;
  /** Messages expire after this time, handled or not. */
  readonly messageTtlSeconds?: number | undefined;
  /** After this time without a consumer, the server deletes the queue with everything in it. */
  readonly expiresSeconds?: number | undefined;
  /** Exchange for messages that expire or are dropped; the default exchange has the name "". */
  readonly deadLetterExchange?: string | undefined;
  /** Routing key of these messages. Default: their own. */
  readonly deadLetterRoutingKey?: string | undefined;
  /** Most redeliveries of a message before it is dropped. Quorum queues only. */
  readonly deliveryLimit?: number | undefined;
  /** Further arguments of the queue, under the server's names. */
  readonly arguments: Readonly<Record<string, string | number | boolean>>;
  /** Bindings of the queue to exchanges. */
  readonly bindings: readonly { readonly exchange: string; readonly key: string }[];
}

/** Longest time that the server accepts, in seconds. */
const MAX_SECONDS = 4_294_967;

/** Keys for arguments, by the server's names. */
const KEYS = {
  'x-queue-type': 'type',
  'x-max-length': 'maxLength',
  'x-max-length-bytes': 'maxLengthBytes',
  'x-overflow': 'overflow',
  'x-message-ttl': 'messageTtlSeconds',
  'x-expires': 'expiresSeconds',
  'x-dead-letter-exchange': 'deadLetterExchange',
  'x-dead-letter-routing-key': 'deadLetterRoutingKey',
  'x-delivery-limit': 'deliveryLimit',
} as const satisfies Readonly<Record<string, keyof QueueConfig>>;

/** Schema of {@link ExchangeConfig}. */
export const EXCHANGE: z.ZodType<ExchangeConfig> = z.strictObject({
  name: nameSchema(1).describe('Name of the exchange.'),
  type: z
    .enum(['direct', 'fanout', 'topic', 'headers'])
    .describe(
      'How it routes messages: "direct", "fanout", "topic" or "headers". It is durable: it survives a restart of the server.',
    ),
});

/** Schema of {@link QueueConfig}. */
export const QUEUE: z.ZodType<QueueConfig> = z
  .strictObject({
    name: nameSchema(1).describe('Name of the queue.'),
    type: z.enum(['classic', 'quorum']).describe('"classic", or "quorum" for several servers of a cluster.'),
    durable: z
      .boolean()
      .default(true)
      .describe('The queue survives a restart of the server; false only for classic queues.'),
    maxLength: z.int().min(1).optional().describe('Most messages in the queue. Default: no limit.'),
    maxLengthBytes: z.int().min(1).optional().describe('Most bytes of messages in the queue. Default: no limit.'),
    overflow: z
      .enum(['reject-publish', 'drop-head'])
      .meta({ default: 'reject-publish' })
      .optional()
      .describe(
        'What happens when the queue is full: "reject-publish" refuses new messages; "drop-head" deletes the oldest without notice.',
      ),
    messageTtlSeconds: z
      .number()
      .min(0.001)
      .max(MAX_SECONDS)
      .optional()
      .describe('Messages expire after this time, handled or not. Default: never.'),
    expiresSeconds: z
      .number()
      .min(0.001)
      .max(MAX_SECONDS)
      .optional()
      .describe(
        'After this time without a consumer, the server deletes the queue with everything in it. Default: never.',
      ),
    deadLetterExchange: nameSchema(0)
      .optional()
      .describe(
        'Exchange for messages that expire or are dropped; "" is the default exchange, whose routing keys are names of queues.',
      ),
    deadLetterRoutingKey: nameSchema(0)
      .meta({ writeOnly: false })
      .optional()
      .describe('Routing key of these messages. Default: their own.'),
    deliveryLimit: z
      .int()
      .min(0)
      .optional()
      .describe('Most redeliveries of a message before it is dropped. Quorum queues only.'),
    arguments: z
      .record(nameSchema(1), z.union([z.string(), z.number(), z.boolean()]))
      .default({})
      .describe('Further arguments of the queue, under the server\'s names, such as { "x-max-priority": 5 }.'),
    bindings: z
      .array(
        z.strictObject({
          exchange: nameSchema(1).describe('Exchange from which the queue gets messages.'),
          key: nameSchema(0)
            .meta({ writeOnly: false })
            .default('')
            .describe('Routing key of these messages, or a pattern, if the exchange has patterns.'),
        }),
      )
      .default([])
      .describe('Bindings of the queue to exchanges.'),
  })
  .superRefine((queue, ctx) => {
    for (const [path, message] of misfits(queue)) ctx.addIssue({ code: 'custom', path: [...path], message });
  });

type Misfit = readonly [path: readonly string[], message: string];

/** Returns the keys that do not go together, and what to do about each. */
function misfits(queue: QueueConfig): readonly Misfit[] {
  const { type, durable, maxLength, maxLengthBytes, overflow, deadLetterExchange, deadLetterRoutingKey } = queue;
  const found: Misfit[] = [];
  const add = (key: keyof QueueConfig, message: string): void => void found.push([[key], message]);
  if (type === 'quorum' && !durable) add('durable', 'quorum queues are durable; leave it out');
  if (overflow !== undefined && maxLength === undefined && maxLengthBytes === undefined)
    add('overflow', 'needs maxLength or maxLengthBytes; give one of them, too');
  if (deadLetterRoutingKey !== undefined && deadLetterExchange === undefined)
    add('deadLetterRoutingKey', 'needs deadLetterExchange; give one, too ("" is the default exchange)');
  if (queue.deliveryLimit !== undefined && type !== 'quorum')
    add('deliveryLimit', 'only quorum queues count deliveries; choose "type": "quorum", or leave it out');
  for (const name of Object.keys(queue.arguments))
    if (Object.hasOwn(KEYS, name))
      found.push([['arguments', name], `has its own key, "${KEYS[name as keyof typeof KEYS]}"; use that`]);
  return found;
}

/** Returns the arguments with which to create or check a queue. */
export function argumentsOf(queue: QueueConfig): Readonly<Record<string, string | number | boolean>> {
  const { overflow = 'reject-publish', maxLength, maxLengthBytes, messageTtlSeconds, expiresSeconds } = queue;
  const isBounded = maxLength !== undefined || maxLengthBytes !== undefined;
  const named: Readonly<Record<keyof typeof KEYS, string | number | undefined>> = {
    'x-queue-type': queue.type,
    'x-max-length': maxLength,
    'x-max-length-bytes': maxLengthBytes,
    'x-overflow': isBounded ? overflow : undefined,
    'x-message-ttl': milliseconds(messageTtlSeconds),
    'x-expires': milliseconds(expiresSeconds),
    'x-dead-letter-exchange': queue.deadLetterExchange,
    'x-dead-letter-routing-key': queue.deadLetterRoutingKey,
    'x-delivery-limit': queue.deliveryLimit,
  };
  const given = Object.entries(named).filter((entry): entry is [string, string | number] => entry[1] !== undefined);
  return { ...queue.arguments, ...Object.fromEntries(given) };
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : Math.round(seconds * 1000);
}
