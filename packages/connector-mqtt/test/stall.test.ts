import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MessagingConnection } from '@sputnikjs/messaging';
import { Collector, MemoryLog, rejection } from '@sputnikjs/testkit';
import { embedded, open, portOf } from './helpers.js';
import { RawSubscriber } from './raw-subscriber.js';

test('a stalled subscriber does not hold up those who publish to others, and is disconnected in the end', async (t) => {
  const log = new MemoryLog();
  const { connector, connection } = await open(t, embedded, log);
  const stalled = new RawSubscriber(t, portOf(connection), 'stalled', 'a');
  await stalled.subscribed.reaches(1);
  stalled.socket.pause();
  const second = await open(t, { url: connection.url });
  let taken = 0;
  const produce = async ({ producer }: MessagingConnection, bytes: number): Promise<void> => {
    await producer.produce({ target: 'a', payload: Buffer.alloc(bytes) });
    taken++;
  };
  // more than the sockets' buffers take, and then many that wait
  const flood = [
    ...Array.from({ length: 200 }, () => produce(connection, 100_000)),
    ...Array.from({ length: 5000 }, () => produce(second.connection, 10)),
  ];
  const other = await open(t, { url: connection.url });
  const got = new Collector<true>();
  await other.connection.consumer.consume('b', async () => got.add(true));
  for (let still = 0, before = -1; still < 20; still = taken === before ? still + 1 : 0) {
    before = taken;
    const next = got.reaches(got.items.length + 1);
    await other.connection.producer.produce({ target: 'b', payload: 'x' });
    await next;
  }
  assert.ok(taken < flood.length, 'the flood has stopped, and nothing else');
  const closed = new Promise((resolve) => stalled.socket.once('close', resolve));
  await Promise.all(flood);
  stalled.socket.resume();
  await closed;
  assert.ok(stalled.received.items.length < flood.length);
  const error = await rejection(Promise.resolve(connector.disconnect()));
  assert.deepEqual(log.lines.at(-1)?.fields, { event: 'subscriberStalled', client: 'stalled' });
  assert.match(error.message, /messages were left: \d+ that client "stalled" has not acknowledged/);
});

test('publishers are slowed down to a slow subscriber, which gets everything in order and is not disconnected', async (t) => {
  const { connector, connection } = await open(t, { ...embedded, inFlight: 1 });
  const second = await open(t, { url: connection.url, inFlight: 4 });
  const slow = new RawSubscriber(t, portOf(connection), 'slow', 'a');
  await slow.subscribed.reaches(1);
  slow.readSlowly(t, 15);
  const filler = 'x'.repeat(10_000);
  const count = 2000;
  let produced = 0;
  let mostWaiting = 0;
  const produceAll = async ({ producer }: MessagingConnection, name: string): Promise<void> => {
    const produce = async (i: number): Promise<void> => {
      await producer.produce({ target: 'a', payload: `${name} ${i} ${filler}` });
      mostWaiting = Math.max(mostWaiting, ++produced - slow.received.items.length);
    };
    await Promise.all(Array.from({ length: count }, (_, i) => produce(i)));
  };
  await Promise.all([produceAll(connection, 'first'), produceAll(second.connection, 'second')]);
  await slow.received.reaches(2 * count);
  for (const name of ['first', 'second']) {
    const mine = slow.received.items.map((payload) => payload.split(' ')).filter(([from]) => from === name);
    assert.deepEqual(
      mine.map(([, i]) => Number(i)),
      Array.from({ length: count }, (_, i) => i),
    );
  }
  // the rest is what the system's buffers take
  assert.ok(mostWaiting < count, `${mostWaiting} were waiting`);
  await connector.disconnect();
});
