import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Collector, gate, MemoryLog, numbered, rejection, textOf } from '@sputnikjs/testkit';
import { open, started } from './helpers.js';

test('core NATS: what a handler rejects is lost, counted and warned of once', async (t) => {
  const { url } = await started(t);
  const log = new MemoryLog();
  const { connection } = await open(t, { url, jetstream: false }, log);
  const seen = new Collector<string>();
  await connection.consumer.consume('a', async (message) => {
    seen.add(textOf(message));
    throw new Error('no');
  });
  for (const payload of ['1', '2']) await connection.producer.produce({ target: 'a', payload });
  await seen.reaches(2);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(connection.dropped, 2);
  assert.deepEqual(
    log.lines.map(({ level, text }) => [level, text]),
    [['warn', 'messages of "a" are lost: the handler failed']],
  );
});

test('core NATS: a bounded amount waits for a slow handler; what is beyond it is lost and counted, the rest comes in order', async (t) => {
  const { url } = await started(t);
  const log = new MemoryLog();
  const { connection } = await open(t, { url, jetstream: false }, log);
  const slow = gate();
  const handled: number[] = [];
  await connection.consumer.consume(
    'a',
    async ({ payload }) => {
      await slow.passed;
      handled.push(Buffer.from(payload).readUInt32BE());
    },
    { maxUnacknowledged: 1 },
  );
  const [count, size] = [80, 512 * 1024];
  const produced = numbered(count).map((n) => {
    const payload = Buffer.alloc(size);
    payload.writeUInt32BE(Number(n));
    return connection.producer.produce({ target: 'a', payload });
  });
  await Promise.all(produced);
  await log.said('dropping');
  assert.match(log.lines[0]?.text ?? '', /arrive faster than they are handled/);
  assert.ok(connection.dropped > 0);
  const last = new Promise<void>((resolve) => {
    void connection.consumer.consume('end', async () => resolve());
  });
  await connection.producer.produce({ target: 'end', payload: '' });
  await last;
  const kept = count - connection.dropped;
  assert.ok(kept * size <= 33 * 1024 * 1024 + size, `${kept} kept`);
  slow.open();
  while (handled.length < kept) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(handled, numbered(kept).map(Number));
});

test('core NATS: what waits when a consumer is stopped is lost and counted; what had begun is completed', async (t) => {
  const { url } = await started(t);
  const { connection } = await open(t, { url, jetstream: false });
  const slow = gate();
  const begun = new Collector<string>();
  const subscription = await connection.consumer.consume(
    'a',
    async (message) => {
      begun.add(textOf(message));
      await slow.passed;
    },
    { maxUnacknowledged: 1 },
  );
  await Promise.all(numbered(5).map((payload) => connection.producer.produce({ target: 'a', payload })));
  await begun.reaches(1);
  const stopped = subscription.stop();
  slow.open();
  await stopped;
  assert.deepEqual(begun.items, ['0']);
  assert.equal(connection.dropped, 4);
});

test('core NATS: what the user may not publish is refused by itself; a source it may not have is an error', async (t) => {
  const user = 'user: "me", password: "x", permissions: { publish: ["a", "$JS.>"], subscribe: ["a", "_INBOX.>"] }';
  const { url } = await started(t, [`authorization { users: [{ ${user} }] }`]);
  const { connection } = await open(t, { url, jetstream: false, username: 'me', password: 'x' });
  const produce = (target: string): Promise<unknown> => connection.producer.produce({ target, payload: 'x' });
  const [refused, ...taken] = await Promise.all([rejection(produce('b')), produce('a'), produce('a')]);
  assert.match(refused.message, /may not publish to "b": .*; give the user the permission on the server$/);
  assert.equal(taken.length, 2);
  const denied = await rejection(connection.consumer.consume('b', async () => {}));
  assert.match(denied.message, /^may not consume from "b": .*; give the user the permission on the server$/);
  await connection.consumer.consume('a', async () => {});
});
