import { defineBlock, type BlockDefinition } from '@sputnikjs/core';
import { ANSWERER, responderOf, type ConsumedMessage, type MessagingConnection, type Reply } from './contract.js';
import { causeOf } from './passing.js';
import { MessageSpans } from './traces/index.js';
import { subscriber, subscriberConfig } from './subscriber.js';

const Config = subscriberConfig(
  "Whose requests to answer: a subject or queue, in the server's spelling.",
  'Most requests that the answerer has not answered yet. Its mailbox.concurrency says how many it handles at once.',
);

/**
 * The block `responder`: asks its answerer to answer each request of a source, and replies with that. Satellites with the same source share its
 * requests. If the answerer fails, who sent the request hears of it. If the server refuses the subscription for now, it tries again until the
 * server grants it. A landing waits for the replies.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { test } from 'node:test';
 * import { ANSWERER, responderBlock, type ConsumedMessage, type MessageResponder, type Reply } from '@sputnikjs/messaging';
 * import { echoBlock, gate, testFlight } from '@sputnikjs/testkit';
 * test('what the answerer says is the reply', async () => {
 *   const replied = gate<Reply>();
 *   const responder: MessageResponder = {
 *     async respond(source, handler) {
 *       void handler({ source, payload: Buffer.from('when'), redelivered: false }).then(replied.open);
 *       return { stop: async () => {} };
 *     },
 *   };
 *   const answerer = echoBlock<ConsumedMessage, Reply>(() => ({ payload: 'noon' }));
 *   const halves = { producer: { produce: async () => {} }, consumer: { consume: async () => ({ stop: async () => {} }) } };
 *   await testFlight({
 *     blocks: { [ANSWERER]: answerer, responder: responderBlock },
 *     config: { responder: { source: 'time' } },
 *     connection: { ...halves, responder },
 *   });
 *   assert.equal((await replied.passed).payload, 'noon');
 * });
 */
export const responderBlock: BlockDefinition<MessagingConnection> = defineBlock({
  name: 'responder',
  config: Config,
  needs: { answerer: ANSWERER },
  make: ({ source, maxUnacknowledged }, to, ctx) => {
    const spans = new MessageSpans();
    const ask = async (request: ConsumedMessage): Promise<Reply> => {
      try {
        return await to.answerer.ask(request, { timeoutMs: Infinity });
      } catch (error) {
        // guard: who asked hears why the answerer failed
        throw causeOf(error);
      }
    };
    const answer = (request: ConsumedMessage): Promise<Reply> => spans.processing(source, request, ask);
    return subscriber(source, spans, ctx, (connection) => {
      const responder = responderOf(connection);
      return () => responder.respond(source, answer, { maxUnacknowledged });
    });
  },
});
