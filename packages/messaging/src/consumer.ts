import { defineBlock, type BlockDefinition } from '@sputnikjs/core';
import { consumerOf, RECEIVER, type ConsumedMessage, type MessagingConnection } from './contract.js';
import { MessageSpans } from './traces/index.js';
import { subscriber, subscriberConfig } from './subscriber.js';

const Config = subscriberConfig(
  "What to consume: a topic filter, subject, stream or queue, in the server's spelling.",
  'Most messages that the receiver has not handled yet. Its mailbox.concurrency says how many it handles at once.',
);

/**
 * The block `consumer`: asks its receiver to handle each message of a source. It acknowledges messages that the receiver handled, however long
 * that takes; the server delivers the others again. While the receiver's mailbox is full, messages wait, in order. If the server refuses the
 * subscription for now, for example since a stream or queue is missing, it tries again until the server grants it.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { test } from 'node:test';
 * import { consumerBlock, type ConsumedMessage, type MessagingConnection } from '@sputnikjs/messaging';
 * import { echoBlock, testFlight, textOf } from '@sputnikjs/testkit';
 * const consumer: MessagingConnection['consumer'] = {
 *   async consume(source, handler) {
 *     void handler({ source, payload: Buffer.from('hello'), redelivered: false });
 *     return { stop: async () => {} };
 *   },
 * };
 * test('its receiver handles what comes', async () => {
 *   const receiver = echoBlock<ConsumedMessage>();
 *   const connection = { consumer, producer: { produce: async () => {} } };
 *   await testFlight({ blocks: { receiver, consumer: consumerBlock }, config: { consumer: { source: 'news' } }, connection });
 *   assert.equal(textOf(await receiver.next()), 'hello');
 * });
 */
export const consumerBlock: BlockDefinition<MessagingConnection> = defineBlock({
  name: 'consumer',
  config: Config,
  needs: { receiver: RECEIVER },
  make: ({ source, maxUnacknowledged }, to, ctx) => {
    const spans = new MessageSpans();
    const ask = async (message: ConsumedMessage): Promise<void> => {
      await to.receiver.ask(message, { timeoutMs: Infinity });
    };
    const handle = (message: ConsumedMessage): Promise<void> => spans.processing(source, message, ask);
    return subscriber(source, spans, ctx, (connection) => {
      const consumer = consumerOf(connection);
      return () => consumer.consume(source, handle, { maxUnacknowledged });
    });
  },
});
