import { defineBlock, SputnikError, type BlockDefinition } from '@sputnikjs/core';
import { z } from 'zod';
import { checkMessage } from './check-message.js';
import {
  REQUESTER,
  requesterOf,
  type MessageRequester,
  type MessagingConnection,
  type RequestMessage,
} from './contract.js';
import { MessageSpans } from './traces/index.js';
import { weightOf } from './weight.js';

const Config = z.strictObject({
  concurrency: z.int().min(1).default(256).describe('Most requests that wait for their replies.'),
  capacity: z
    .int()
    .min(1)
    .default(256)
    .describe('Most requests that wait to be sent. Beyond that, askers wait or are rejected.'),
  maxHeldBytes: z
    .int()
    .min(1)
    .default(33_554_432)
    .describe('Most bytes of all requests, not of their replies. A larger request is accepted if there is no other.'),
});

/**
 * The block `requester`: sends requests to the server, each once, and answers with the reply. It keeps no request for later: while the server is
 * away, requests fail at once (SERVER_AWAY); when the server is lost, so do those under way (CONNECTION_LOST: they may have been handled, or
 * not). A request whose asker has given up before its turn is not sent. Ask with the `timeoutMs` of the request. The `cause` of ASK_FAILED has
 * the code: see {@link MessageRequester.request}. A landing waits for the replies.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { test } from 'node:test';
 * import { REQUESTER, requesterBlock, type MessagingConnection } from '@sputnikjs/messaging';
 * import { testFlight } from '@sputnikjs/testkit';
 * test('the reply is the answer', async () => {
 *   const connection: MessagingConnection = {
 *     producer: { produce: async () => {} },
 *     consumer: { consume: async () => ({ stop: async () => {} }) },
 *     requester: { request: async ({ target }) => ({ payload: Buffer.from(`the ${target}`) }) },
 *   };
 *   const flight = await testFlight({ blocks: { requester: requesterBlock }, connection });
 *   const { payload } = await flight.to(REQUESTER).ask({ target: 'time', payload: '' });
 *   assert.equal(String(payload), 'the time');
 * });
 */
export const requesterBlock: BlockDefinition<MessagingConnection> = defineBlock({
  name: 'requester',
  address: REQUESTER,
  config: Config,
  make: ({ concurrency, capacity, maxHeldBytes }, _to, ctx) => {
    let requester: MessageRequester | undefined;
    const spans = new MessageSpans();
    return {
      init: () => spans.open(ctx.log),
      // guard: what the requester holds is bounded in bytes
      mailbox: { concurrency, capacity, weigh: weightOf, maxWeight: maxHeldBytes },
      async onMsg(request: RequestMessage, _from, _ctx, asker) {
        checkRequest(request);
        // guard: nobody is asked for a reply that nobody waits for
        if (asker?.isWaiting === false) throw new SputnikError('ASK_ABORTED');
        // guard: no request waits for the server
        if (requester === undefined) throw new SputnikError('SERVER_AWAY');
        const over = requester;
        // a signal of its own, since Node warns of many listeners to one
        return spans.requesting(request, (traced) => over.request(traced, AbortSignal.any([ctx.signal])));
      },
      onServerConnect(connection: MessagingConnection) {
        requester = requesterOf(connection);
        spans.connected(connection);
      },
      onServerDisconnect() {
        requester = undefined;
      },
      onError: (_error, where) => (where === 'onMsg' ? 'continue' : 'shutdown'),
    };
  },
});

function checkRequest(request: RequestMessage): void {
  checkMessage(request);
  const { target, timeoutMs = 1 } = request;
  if (!(typeof timeoutMs === 'number' && timeoutMs > 0))
    throw new SputnikError('UNKNOWN_MESSAGE', `the timeoutMs of the request for "${target}" must be more than 0`);
}
