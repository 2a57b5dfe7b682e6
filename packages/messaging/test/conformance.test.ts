import { test } from 'node:test';
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  RECEIVER,
  PRODUCER,
  bridgeBlock,
  consumerBlock,
  producerBlock,
  type MessagingConnection,
} from '@sputnikjs/messaging';
import { blockConformance, echoBlock, testFlight, turn, type TestFlight } from '@sputnikjs/testkit';
import { asClient, placesWith } from './at-places.js';
import { InProcessServer } from './in-process-server.js';

const attempt = { signal: new AbortController().signal, lost: () => {} };
const noConfig = (): Promise<never> => Promise.reject(new Error('this server has no configuration'));

const produces = (flight: Pick<TestFlight, 'to'>): Promise<unknown> =>
  flight.to(PRODUCER).ask({ target: 't', payload: 'x' });

blockConformance<MessagingConnection>('producer', {
  block: producerBlock,
  connection: () => new InProcessServer().connect(noConfig, attempt),
  work: produces,
  places: placesWith(produces),
});

/** A server that has messages for whoever subscribes. */
function stocked(): MessagingConnection {
  const server = new InProcessServer();
  server.deliver('1', '2', '3');
  return server.connect(noConfig, attempt);
}

const received = echoBlock();

/** Sends messages until one is consumed: the server keeps none for who comes later. */
async function consumes(): Promise<void> {
  const before = received.messages.length;
  await asClient(async ({ producer }) => {
    while (received.messages.length === before) {
      await producer.produce({ target: 'queue', payload: 'x' });
      await sleep(20);
    }
  });
}

blockConformance<MessagingConnection>('consumer', {
  block: consumerBlock,
  neighbours: { [RECEIVER]: received },
  config: { consumer: { source: 'queue' } },
  connection: stocked,
  work: () => turn(),
  places: placesWith(consumes),
});

const bridges = (flight: Pick<TestFlight, 'to'>): Promise<unknown> =>
  flight.to(RECEIVER).ask({ source: 'queue', payload: Buffer.from('x'), redelivered: false });

blockConformance(RECEIVER, {
  block: bridgeBlock,
  neighbours: { [PRODUCER]: echoBlock(() => undefined) },
  config: { [RECEIVER]: { name: 'b', routes: [{ from: 'queue', to: 'target' }] } },
  work: bridges,
  places: { module: '@sputnikjs/messaging', work: bridges },
});

test('the consumer on trial did have something to do', async () => {
  const receiver = echoBlock();
  const config = { consumer: { source: 'queue' } };
  await testFlight<MessagingConnection>({
    blocks: { [RECEIVER]: receiver, consumer: consumerBlock },
    config,
    connection: stocked,
  });
  await turn();
  assert.equal(receiver.messages.length, 3);
});
