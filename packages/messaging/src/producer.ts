import { defineBlock, SputnikError, type BlockDefinition } from '@sputnikjs/core';
import { z } from 'zod';
import { checkMessage } from './check-message.js';
import { PRODUCER, producerOf, type MessagingConnection } from './contract.js';
import { connectedTo } from './producer/connected.js';
import { Dispatcher } from './producer/dispatcher.js';
import { Call } from './producer/job.js';
import { MessageSpans, type Sending } from './traces/index.js';
import { undelivered } from './undelivered.js';
import { weightOf } from './weight.js';

const Config = z.strictObject({
  concurrency: z.int().min(1).default(512).describe('Most messages under way to the server.'),
  capacity: z.int().min(1).default(256).describe('Most messages that wait. Beyond that, senders wait or are rejected.'),
  maxHeldBytes: z
    .int()
    .min(1)
    .default(33_554_432)
    .describe(
      'Most bytes of all messages, waiting or under way. A larger message is accepted if there is no other. Messages go in small batches, and count until the last of their batch is on the server.',
    ),
});

/** `onMsgs` calls under way, so many if `concurrency` allows for it: few messages wait for others of their batch. */
const CALLS = 64;

/**
 * The block `producer`: sends messages to the server, at least once, in the order in which it accepted them. While the server is away, messages
 * wait, or are refused at once (`whenAway`). In a landing without a connection they fail, and the report counts them. While the
 * server has no room for a target, its messages wait or are refused at once (`whenFull`). A message that the server refuses for good fails
 * alone. So that a message at which the server cuts the connection fails alone, too, messages under way at a cut are sent again one at a
 * time at first, then more at once.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { test } from 'node:test';
 * import { PRODUCER, producerBlock, type MessagingConnection } from '@sputnikjs/messaging';
 * import { testFlight } from '@sputnikjs/testkit';
 * test('what is asked for is on the server', async () => {
 *   const sent: unknown[] = [];
 *   const producer: MessagingConnection['producer'] = { produce: async (message) => void sent.push(message) };
 *   const consumer: MessagingConnection['consumer'] = { consume: async () => ({ stop: async () => {} }) };
 *   const flight = await testFlight({ blocks: { producer: producerBlock }, connection: { producer, consumer } });
 *   await flight.to(PRODUCER).ask({ target: 'news', payload: 'hello' });
 *   assert.deepEqual(sent, [{ target: 'news', payload: 'hello' }]);
 * });
 */
export const producerBlock: BlockDefinition<MessagingConnection> = defineBlock({
  name: 'producer',
  address: PRODUCER,
  config: Config,
  make: ({ concurrency, capacity, maxHeldBytes }, _to, ctx) => {
    const dispatcher = new Dispatcher(ctx);
    const spans = new MessageSpans();

    const accept = (asked: Sending, call: Call): void => {
      let mail: Sending;
      try {
        checkMessage(asked.msg);
        if (!dispatcher.isConnected && ctx.landing.aborted) throw undelivered(asked.msg);
        // guard: what may not wait for the server is refused while it is away
        if (!dispatcher.isConnected && asked.msg.whenAway === 'reject') throw new SputnikError('SERVER_AWAY');
        mail = spans.sending(asked);
      } catch (error) {
        asked.fail(error);
        return call.messageEnded();
      }
      dispatcher.add(mail, call);
    };

    const batch = Math.max(1, Math.floor(concurrency / CALLS));
    return {
      // guard: what the producer holds is bounded in bytes
      mailbox: {
        concurrency: Math.ceil(concurrency / batch),
        batch,
        capacity,
        weigh: weightOf,
        maxWeight: maxHeldBytes,
      },
      async init() {
        await spans.open(ctx.log);
        // guard: what cannot be delivered at landing fails
        ctx.landing.addEventListener('abort', () => dispatcher.isConnected || dispatcher.failAll(), { once: true });
        ctx.signal.addEventListener('abort', () => dispatcher.failAll(), { once: true });
      },
      onMsgs(mails) {
        const call = new Call(mails.length);
        for (const mail of mails) accept(mail, call);
        return call.ended;
      },
      onServerConnect(connection: MessagingConnection) {
        const over = connectedTo(producerOf(connection));
        spans.connected(connection);
        dispatcher.connected(over);
      },
      onServerDisconnect: () => dispatcher.disconnected(),
      onError: (_error, where) => (where === 'onMsgs' ? 'continue' : 'shutdown'),
    };
  },
});
