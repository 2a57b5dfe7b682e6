import { test } from 'node:test';
import assert from 'node:assert/strict';
import {
  RECEIVER,
  PRODUCER,
  bridgeBlock,
  consumerBlock,
  producerBlock,
  type MessagingConnection,
} from '@sputnikjs/messaging';
import { blockConformance, echoBlock, testFlight, turn } from '@sputnikjs/testkit';
import { InProcessServer } from './in-process-server.js';

const attempt = { signal: new AbortController().signal, lost: () => {} };
const noConfig = (): Promise<never> => Promise.reject(new Error('this server has no configuration'));

blockConformance<MessagingConnection>('producer', {
  block: producerBlock,
  connection: () => new InProcessServer().connect(noConfig, attempt),
  work: (flight) => flight.to(PRODUCER).ask({ target: 't', payload: 'x' }),
});

/** A server that has messages for whoever subscribes. */
function stocked(): MessagingConnection {
  const server = new InProcessServer();
  server.deliver('1', '2', '3');
  return server.connect(noConfig, attempt);
}

blockConformance<MessagingConnection>('consumer', {
  block: consumerBlock,
  neighbours: { [RECEIVER]: echoBlock() },
  config: { consumer: { source: 'queue' } },
  connection: stocked,
  work: () => turn(),
});

blockConformance(RECEIVER, {
  block: bridgeBlock,
  neighbours: { [PRODUCER]: echoBlock(() => undefined) },
  config: { [RECEIVER]: { name: 'b', routes: [{ from: 'queue', to: 'target' }] } },
  work: (flight) => flight.to(RECEIVER).ask({ source: 'queue', payload: Buffer.from('x'), redelivered: false }),
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
