import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SputnikError } from '@sputnikjs/core';
import { numbered, rejection } from '@sputnikjs/testkit';
import { connect, embedded, makeConnector, open, portOf } from './helpers.js';
import { mosquittoSub } from './mosquitto.js';
import { RawSubscriber } from './raw-subscriber.js';

test('a slow subscriber gets everything before the landing ends, whatever its session', async (t) => {
  for (const cleanSession of [true, false]) {
    const { connector, connection } = await open(t, embedded);
    const slow = new RawSubscriber(t, portOf(connection), 'slow', 'a', cleanSession);
    await slow.subscribed.reaches(1);
    slow.socket.pause();
    const sent = Array.from({ length: 300 }, (_, i) => `${i} ${'x'.repeat(1000)}`);
    await Promise.all(sent.map((payload) => connection.producer.produce({ target: 'a', payload })));
    assert.equal(slow.received.items.length, 0);
    const landing = Promise.resolve(connector.disconnect());
    const reading = setInterval(() => {
      slow.socket.resume();
      setImmediate(() => slow.socket.pause());
    }, 20);
    t.after(() => clearInterval(reading));
    await landing;
    clearInterval(reading);
    assert.deepEqual(slow.received.items, sent);
  }
});

test('mosquitto_sub gets everything that was produced right before the landing', async (t) => {
  for (const session of [['-c', '-i', 'kept'], []]) {
    const { connector, connection } = await open(t, embedded);
    const sub = await mosquittoSub(t, portOf(connection), ['-q', '1', '-t', '#', ...session]);
    const sent = numbered(5000);
    await Promise.all(sent.map((payload) => connection.producer.produce({ target: 'a', payload })));
    await connector.disconnect();
    sub.process.kill('SIGTERM');
    await sub.exit;
    assert.deepEqual(sub.lines, sent);
  }
});

test('a subscriber that takes nothing holds the landing no longer than the bound, and what is left is told', async (t) => {
  for (const cleanSession of [true, false]) {
    const { connector, connection } = await open(t, embedded);
    const stalled = new RawSubscriber(t, portOf(connection), 'stalled', 'a', cleanSession);
    stalled.acknowledges = false;
    await stalled.subscribed.reaches(1);
    for (const payload of ['1', '2', '3']) await connection.producer.produce({ target: 'a', payload });
    const error = await rejection(Promise.resolve(connector.disconnect()));
    const what = cleanSession ? '3 that client "stalled" has not acknowledged' : '3 kept for client "stalled"';
    assert.equal(error.message, `the embedded MQTT broker ended and messages were left: ${what}`);
  }
});

test('the landing takes no new clients, and no further messages', async (t) => {
  const { connector, connection } = await open(t, embedded);
  const { url } = connection;
  const other = await open(t, { url });
  const stalled = new RawSubscriber(t, portOf(connection), 'stalled', 'a');
  stalled.acknowledges = false;
  await stalled.subscribed.reaches(1);
  await connection.producer.produce({ target: 'a', payload: '1' });
  const landing = connector.disconnect();
  // our own connection ends first
  await rejection(connection.producer.produce({ target: 'a', payload: '2' }));
  const refused = await rejection(
    untilRejected(() => other.connection.producer.produce({ target: 'b', payload: '3' })),
  );
  assert.equal((refused as SputnikError).code, 'CONNECTION_LOST');
  assert.match((await rejection(connect(makeConnector(t, { url })))).message, /ECONNREFUSED/);
  // nothing keeps it from ending well, unless it has come to its end already
  stalled.acknowledge();
  await landing;
});

async function untilRejected(produce: () => Promise<unknown>): Promise<never> {
  for (;;) await produce();
}
