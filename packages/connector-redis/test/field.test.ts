// Faults that real satellites, and others' clients, met in the field.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as realTime } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { connector as definition, REDIS_CONFIG } from '@sputnikjs/connector-redis';
import { gate, MemoryLog, rejection, textOf } from '@sputnikjs/testkit';
import { countsIn, Inbox, open, pendingIn, started, until, withPlain } from './helpers.js';

const ways: readonly (readonly [what: string, (plain: Redis) => Promise<unknown>])[] = [
  ['the stream is deleted', (plain) => plain.del('a')],
  ['the stream is deleted in the background', (plain) => plain.unlink('a')],
  ['everything is flushed', (plain) => plain.flushall()],
  ['the group is destroyed', (plain) => plain.xgroup('DESTROY', 'a', 'sputnik')],
  ['the stream gets another name', (plain) => plain.rename('a', 'b')],
  ['the stream expires', (plain) => plain.pexpire('a', 1)],
  ['the key becomes a text, and is deleted', async (plain) => [await plain.set('a', 'x'), await plain.del('a')]],
];

// dapr/components-contrib#3219, redis/redis#6887
for (const [what, how] of ways)
  test(`${what}: the consumer goes on, on the connection that it had`, async (t) => {
    const { url, port } = await started(t);
    const { connection, lost } = await open(t, { url });
    let loss: unknown;
    void lost.then((why) => (loss = why));
    const [inbox, release] = [new Inbox(), gate()];
    await connection.consumer.consume('a', async (message) => {
      inbox.add(message);
      if (textOf(message) === 'under way') await release.passed;
    });
    await connection.producer.produce({ target: 'a', payload: 'under way' });
    await inbox.reaches(1);
    await withPlain(port, how);
    release.open();
    await realTime(20);
    await connection.producer.produce({ target: 'a', payload: 'after' });
    await until(async () => inbox.texts.includes('after'));
    await until(async () => Object.keys(await pendingIn(port, 'a')).length === 0);
    assert.equal(loss, undefined);
  });

test('a key that is something else for a while is complained of, and consumed again when it is a stream', async (t) => {
  const { url, port } = await started(t);
  const log = new MemoryLog();
  const { connection } = await open(t, { url }, log);
  const inbox = new Inbox();
  await connection.consumer.consume('a', inbox.take);
  await withPlain(port, (plain) => plain.set('a', 'x'));
  assert.match(await log.said('consumeFailed'), /cannot consume from "a": WRONGTYPE .*; the key holds something other/);
  const line = log.lines.find(({ fields }) => fields['event'] === 'consumeFailed');
  assert.ok(line?.fields['error'] instanceof Error);
  await withPlain(port, (plain) => plain.del('a'));
  await connection.producer.produce({ target: 'a', payload: 'x' });
  await inbox.reaches(1);
});

// redis/ioredis#1706
test('a server that closes idle connections after a second keeps ours: idle ones, and those of full consumers', async (t) => {
  const { url } = await started(t, ['timeout 1']);
  const { connection, connector, lost } = await open(t, { url });
  let loss: unknown;
  void lost.then((why) => (loss = why));
  const [inbox, release] = [new Inbox(), gate()];
  await connection.consumer.consume(
    'a',
    async (message) => {
      inbox.add(message);
      await release.passed;
    },
    { maxUnacknowledged: 1 },
  );
  await connection.consumer.consume('idle', inbox.take);
  await connection.producer.produce({ target: 'a', payload: '1' });
  await inbox.reaches(1);
  await realTime(6_000);
  release.open();
  await connection.producer.produce({ target: 'idle', payload: '2' });
  await inbox.reaches(2);
  assert.deepEqual([await connector.isConnected(), loss], [true, undefined]);
});

test('a message that is held for long is not counted as delivered again', async (t) => {
  const { url, port } = await started(t);
  const { connection } = await open(t, { url, claimAfterMs: 1_000 });
  const [inbox, release] = [new Inbox(), gate()];
  await connection.consumer.consume('a', async (message) => {
    inbox.add(message);
    await release.passed;
  });
  await connection.producer.produce({ target: 'a', payload: 'x' });
  await inbox.reaches(1);
  await realTime(2_500);
  assert.deepEqual(await countsIn(port, 'a'), [1]);
  release.open();
  await until(async () => (await countsIn(port, 'a')).length === 0);
});

test('what another consumer of the group has left is counted on by whoever takes it over', async (t) => {
  const { url, port } = await started(t);
  await withPlain(port, async (plain) => {
    await plain.xgroup('CREATE', 'a', 'sputnik', '0', 'MKSTREAM');
    await plain.xadd('a', '*', 'payload', 'x', 'id', '7');
    await plain.xreadgroup('GROUP', 'sputnik', 'gone', 'STREAMS', 'a', '>');
    await plain.xreadgroup('GROUP', 'sputnik', 'gone', 'STREAMS', 'a', '0');
  });
  const { connection } = await open(t, { url, claimAfterMs: 1_000 });
  const inbox = new Inbox();
  await realTime(1_100);
  await connection.consumer.consume('a', inbox.take);
  await inbox.reaches(1);
  const [{ id, deliveries, redelivered } = {}] = inbox.items;
  assert.deepEqual([id, deliveries, redelivered], ['7', 3, true]);
});

test('without the right to XPENDING a message that comes again has no count', async (t) => {
  const rights = '+ping +xadd +xreadgroup +xack +xclaim +xautoclaim +xinfo|groups +xgroup|create';
  const { url } = await started(t, [`user me on >mine ~* ${rights}`]);
  const { connection } = await open(t, { url, username: 'me', password: 'mine' });
  const inbox = new Inbox();
  await connection.consumer.consume('a', async (message) => {
    inbox.add(message);
    if (!message.redelivered) throw new Error('not now');
  });
  await connection.producer.produce({ target: 'a', payload: 'x' });
  await inbox.reaches(2);
  assert.deepEqual(
    inbox.items.map(({ deliveries }) => deliveries),
    [1, undefined],
  );
});

test('a server that lets no further connection in refuses a subscription for now, and no message', async (t) => {
  const { url, port } = await started(t);
  const { connection, lost } = await open(t, { url });
  let loss: unknown;
  void lost.then((why) => (loss = why));
  const inbox = new Inbox();
  await withPlain(port, async (plain) => {
    await plain.config('SET', 'maxclients', '2');
    const refusal = await rejection(connection.consumer.consume('a', inbox.take));
    assert.match(
      refusal.message,
      /cannot connect to .*(max number of clients reached|closed the connection|ECONNRESET)/,
    );
    await connection.producer.produce({ target: 'a', payload: 'x' });
    await plain.config('SET', 'maxclients', '100');
  });
  await connection.consumer.consume('a', inbox.take);
  await inbox.reaches(1);
  assert.equal(loss, undefined);
});

test('half characters, which would become others, are no target and no source', async (t) => {
  const { url } = await started(t);
  const { connection } = await open(t, { url });
  const refusal = await rejection(connection.producer.produce({ target: 'a\ud800', payload: 'x' }));
  assert.match(refusal.message, /^cannot produce to "a\\ud800": it has broken characters$/);
  await assert.rejects(
    connection.consumer.consume('\udfffa', async () => {}),
    { code: 'BAD_CONFIG' },
  );
});

test('what checks a satellite finds files that are missing', async () => {
  const config = REDIS_CONFIG.parse({ url: 'rediss://a', certFile: '/missing.pem', keyFile: '/missing.key' });
  const { problems = [] } = (await definition.check?.(config)) ?? {};
  assert.equal(problems.length, 2);
  assert.match(problems.join(), /^cannot read certFile: ENOENT.*,cannot read keyFile: ENOENT/);
});
