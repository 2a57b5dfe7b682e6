import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  ANSWERER,
  REQUESTER,
  requesterBlock,
  responderBlock,
  type ConsumedMessage,
  type MessagingConnection,
  type Reply,
} from '@sputnikjs/messaging';
import { blockConformance, echoBlock, turn, type TestFlight } from '@sputnikjs/testkit';
import { asClient, placesWith } from './at-places.js';

/** A server on which somebody answers, and nobody asks. */
function answering(): MessagingConnection {
  return {
    producer: { produce: async () => {} },
    consumer: { consume: async () => ({ stop: async () => {} }) },
    requester: { request: async () => ({ payload: Buffer.from('noon') }) },
    responder: { respond: async () => ({ stop: async () => {} }) },
  };
}

const ask = (flight: Pick<TestFlight, 'to'>) => flight.to(REQUESTER).ask({ target: 'time', payload: 'when' });

/** Has somebody on the server answer. */
function asks(flight: Pick<TestFlight, 'to'>): Promise<void> {
  return asClient(async ({ responder }) => {
    const subscription = await responder.respond('time', async () => ({ payload: 'noon' }));
    const { payload } = await ask(flight);
    assert.equal(String(payload), 'noon');
    await subscription.stop();
  });
}

blockConformance<MessagingConnection>('requester', {
  block: requesterBlock,
  connection: answering,
  work: ask,
  places: placesWith(asks),
});

/** Requests until somebody answers. */
function answers(): Promise<void> {
  return asClient(async ({ requester }) => {
    for (;;) {
      const reply = await requester.request({ target: 'time', payload: 'x' }).catch(() => undefined);
      if (reply) return assert.equal(String(reply.payload), 'noon');
      await sleep(20);
    }
  });
}

blockConformance<MessagingConnection>('responder', {
  block: responderBlock,
  neighbours: { [ANSWERER]: echoBlock<ConsumedMessage, Reply>(() => ({ payload: 'noon' })) },
  config: { responder: { source: 'time' } },
  connection: answering,
  work: () => turn(),
  places: placesWith(answers),
});
