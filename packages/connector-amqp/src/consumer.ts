import { SputnikError } from '@sputnikjs/core';
import {
  MAX_UNACKNOWLEDGED,
  type ConsumeOptions,
  type MessageConsumer,
  type MessageHandler,
  type Subscription,
} from '@sputnikjs/messaging';
import { isShort } from './short-text.js';
import { QueueSubscription, type SubscriptionParts } from './subscription.js';

/** Consumes from queues. */
export class AmqpConsumer implements MessageConsumer {
  readonly #parts: SubscriptionParts;

  constructor(parts: SubscriptionParts) {
    this.#parts = parts;
  }

  async consume(
    source: string,
    handler: MessageHandler,
    { maxUnacknowledged = MAX_UNACKNOWLEDGED }: ConsumeOptions = {},
  ): Promise<Subscription> {
    const what = `cannot consume from the queue ${JSON.stringify(source.slice(0, 200))}`;
    const problem = problemOf(source);
    if (problem !== undefined) throw new SputnikError('BAD_CONFIG', `${what}: ${problem}`);
    try {
      return await QueueSubscription.to(this.#parts, source, handler, maxUnacknowledged);
    } catch (cause) {
      if (cause === this.#parts.link.over) throw cause;
      const { message } = cause as Error;
      const advice = message.includes('NOT_FOUND') ? '; create it, or list it in "queues" of the connector' : '';
      throw new Error(`${what}: ${message}${advice}`, { cause });
    }
  }
}

/** Returns why no queue can have that name, or undefined. */
function problemOf(queue: string): string | undefined {
  if (queue === '' || !isShort(queue)) return 'the name of a queue has 1 to 255 bytes';
  if (/\p{Surrogate}/u.test(queue)) return 'the name of a queue has no broken characters';
  // RabbitMQ takes them out of the names of queues that it makes
  if (/[\r\n]/.test(queue)) return 'the name of a queue has no line breaks';
  if (queue === 'amq.rabbitmq.reply-to') return 'it is an address for replies, not a queue';
  return undefined;
}
