import { z } from 'zod';
import { nameSchema } from './short-text.js';

/** An exchange that has to be there. It is durable: it outlives the server. */
export interface ExchangeConfig {
  readonly name: string;
  readonly type: 'direct' | 'fanout' | 'topic' | 'headers';
}

/** A queue that has to be there. */
export interface QueueConfig {
  readonly name: string;
  readonly type: 'classic' | 'quorum';
  /** False: the queue does not outlive the server. Classic queues only. */
  readonly durable: boolean;
  /** How many messages it takes; any number unless given. */
  readonly maxLength?: number | undefined;
  /** What gives way when it is full: the new message, which is refused (unless given), or the oldest, of which nobody hears. */
  readonly overflow?: 'reject-publish' | 'drop-head' | undefined;
  /** After this time messages go, handled or not. */
  readonly messageTtlSeconds?: number | undefined;
  /** What it gets from exchanges. */
  readonly bindings: readonly { readonly exchange: string; readonly key: string }[];
}

/** The server's bound for a time in milliseconds. */
const MAX_SECONDS = 4_294_967;

/** Schema of {@link ExchangeConfig}. */
export const EXCHANGE: z.ZodType<ExchangeConfig> = z.strictObject({
  name: nameSchema(1),
  type: z.enum(['direct', 'fanout', 'topic', 'headers']),
});

/** Schema of {@link QueueConfig}. */
export const QUEUE: z.ZodType<QueueConfig> = z
  .strictObject({
    name: nameSchema(1),
    type: z.enum(['classic', 'quorum']),
    durable: z.boolean().default(true),
    maxLength: z.int().min(1).optional(),
    overflow: z.enum(['reject-publish', 'drop-head']).optional(),
    messageTtlSeconds: z.number().min(0.001).max(MAX_SECONDS).optional(),
    bindings: z.array(z.strictObject({ exchange: nameSchema(1), key: nameSchema(0).default('') })).default([]),
  })
  .superRefine(({ type, durable, maxLength, overflow }, ctx) => {
    if (type === 'quorum' && !durable)
      ctx.addIssue({ code: 'custom', path: ['durable'], message: 'quorum queues are durable; leave it out' });
    if (overflow !== undefined && maxLength === undefined)
      ctx.addIssue({ code: 'custom', path: ['overflow'], message: 'is for a queue with maxLength; give that too' });
  });
