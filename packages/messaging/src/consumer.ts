import { defineBlock, type BlockDefinition } from '@sputnikjs/core';
import { z } from 'zod';
import {
  consumerOf,
  MAX_UNACKNOWLEDGED,
  RECEIVER,
  type ConsumedMessage,
  type MessageConsumer,
  type MessagingConnection,
  type Subscription,
} from './contract.js';
import { hasCode } from './has-code.js';
import { MessageSpans } from './spans.js';

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
      'Most messages that the receiver was asked to handle and has not answered. How many it handles at once is its mailbox.concurrency.',
    ),
});

/** Delay from a refused subscription to the next try, in milliseconds: doubles each time, from the first value to the second. */
const SUBSCRIBE_MS = [1_000, 30_000] as const;

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
    let subscribing: Promise<Subscription> | undefined;
    /** Aborts when the connection is lost. */
    let lost = new AbortController();

    const spans = new MessageSpans();
    const ask = async (message: ConsumedMessage): Promise<void> => {
      await to.receiver.ask(message, { timeoutMs: Infinity });
    };
    const handle = (message: ConsumedMessage): Promise<void> => spans.processing(source, message, ask);

    /** Subscribes; tries again until the connection or the flight is `over`. Rejects if another try cannot help. */
    const subscribe = async (consumer: MessageConsumer, over: AbortSignal): Promise<void> => {
      for (let wait: number = SUBSCRIBE_MS[0]; !over.aborted; wait = Math.min(2 * wait, SUBSCRIBE_MS[1])) {
        subscribing = consumer.consume(source, handle, { maxUnacknowledged });
        try {
          await subscribing;
          return;
        } catch (error) {
          subscribing = undefined;
          if (hasCode(error, 'CONNECTION_LOST')) return;
          if (hasCode(error, 'BAD_CONFIG')) throw error;
          const text = `cannot consume "${source}" for now; trying again in ${wait / 1000} s`;
          ctx.log.warn({ event: 'consumeFailed', source, retryInMs: wait, error }, text);
        }
        // guard: a subscription that is refused is tried again
        await ctx.clock.sleep(wait, over);
      }
    };

    return {
      init: () => spans.open(ctx.log),
      onServerConnect(connection: MessagingConnection) {
        const consumer = consumerOf(connection);
        spans.connected(connection);
        lost = new AbortController();
        // not awaited: the loss of the connection ends it
        ctx.waitUntil(subscribe(consumer, AbortSignal.any([lost.signal, ctx.landing])));
      },
      onServerDisconnect() {
        lost.abort();
        subscribing = undefined;
      },
      onLanding: () => stopped(subscribing),
    };
  },
});

async function stopped(subscribing: Promise<Subscription> | undefined): Promise<void> {
  try {
    await (await subscribing)?.stop();
  } catch (error) {
    // without a connection there is nothing left to stop
    if (!hasCode(error, 'CONNECTION_LOST')) throw error;
  }
}
