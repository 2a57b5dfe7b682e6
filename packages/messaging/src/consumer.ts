import { defineBlock, type BlockDefinition } from '@sputnikjs/core';
import { z } from 'zod';
import {
  consumerOf,
  MAX_UNACKNOWLEDGED,
  RECEIVER,
  type ConsumedMessage,
  type MessagingConnection,
  type Subscription,
} from './contract.js';
import { MessageSpans } from './spans.js';
import { subscribe, unsubscribe } from './subscribe.js';

const Config = z.strictObject({
  source: z
    .string()
    .min(1)
    .describe("What to consume: a topic filter, subject, stream or queue, in the server's spelling."),
  maxUnacknowledged: z
    .int()
    .min(1)
    .default(MAX_UNACKNOWLEDGED)
    .describe(
      'Most messages that the receiver has not handled yet. Its mailbox.concurrency says how many it handles at once.',
    ),
});

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
    let subscribing: Promise<Subscription | undefined> | undefined;
    /** Aborts when the connection is lost. */
    let lost = new AbortController();

    const spans = new MessageSpans();
    const ask = async (message: ConsumedMessage): Promise<void> => {
      await to.receiver.ask(message, { timeoutMs: Infinity });
    };
    const handle = (message: ConsumedMessage): Promise<void> => spans.processing(source, message, ask);

    return {
      init: () => spans.open(ctx.log),
      onServerConnect(connection: MessagingConnection) {
        const consumer = consumerOf(connection);
        spans.connected(connection);
        lost = new AbortController();
        const over = AbortSignal.any([lost.signal, ctx.landing]);
        const { log, clock } = ctx;
        // not awaited: the loss of the connection ends it
        subscribing = subscribe(consumer, source, handle, { maxUnacknowledged, over, log, clock });
        ctx.waitUntil(subscribing);
      },
      onServerDisconnect() {
        lost.abort();
        subscribing = undefined;
      },
      // that it failed was told already
      onLanding: () => unsubscribe(subscribing?.catch(() => undefined)),
    };
  },
});
