import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ProduceMessage } from '@sputnikjs/messaging';
import { echoBlock, testFlight } from '@sputnikjs/testkit';
import { ticker } from '../src/ticker.js';

test('it sends the time to its topic, once in each interval', async () => {
  const producer = echoBlock<ProduceMessage>();
  const flight = await testFlight({
    blocks: { producer, ticker },
    config: { ticker: { topic: 'time', everyMs: 500 } },
  });
  await flight.clock.advance(1500);
  const report = await flight.land();
  assert.equal(report.clean, true);
  assert.deepEqual(
    producer.messages.map(({ target }) => target),
    ['time', 'time', 'time'],
  );
  assert.match(String(producer.messages[0]?.payload), /^\d{4}-\d\d-\d\dT/);
});

test('a configuration without a topic is refused before anything starts', async () => {
  const flight = testFlight({ blocks: { producer: echoBlock(), ticker }, config: { ticker: {} } });
  await assert.rejects(flight, /topic/);
});
