import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Collector, gate, numbered, textOf } from '@sputnikjs/testkit';
import { Inbox, open, pendingIn, started, until, withPlain } from './helpers.js';

test('stop does not wait for the messages to come, and what failed another consumer gets', async (t) => {
  const { url, port } = await started(t);
  const { connection } = await open(t, { url, consumerName: 'me', claimAfterMs: 3_600_000 });
  const inbox = new Inbox();
  const subscription = await connection.consumer.consume('a', async (message) => {
    inbox.add(message);
    throw new Error('never');
  });
  for (const payload of numbered(3)) await connection.producer.produce({ target: 'a', payload });
  await inbox.reaches(3);
  await subscription.stop();
  const calls = inbox.items.length;
  const other = await open(t, { url, claimAfterMs: 3_600_000 });
  const next = new Inbox();
  const rest = await other.connection.consumer.consume('a', next.take);
  await next.reaches(3);
  assert.deepEqual([next.texts, next.items.every(({ redelivered }) => redelivered)], [numbered(3), true]);
  await rest.stop();
  assert.deepEqual([await pendingIn(port, 'a'), inbox.items.length], [{}, calls]);
});

test('what comes in the moment of a stop is not begun, and another consumer gets it at once', async (t) => {
  const server = await started(t);
  const raw = { url: server.url, claimAfterMs: 3_600_000 };
  const [one, other] = [await open(t, raw), await open(t, raw)];
  const [late, next] = [new Inbox(), new Inbox()];
  await withPlain(server.port, async (plain) => {
    const subscription = await one.connection.consumer.consume('a', late.take);
    await until(async () => / flags=b .* cmd=xreadgroup /.test(String(await plain.client('LIST'))));
    server.freeze();
    const adding = plain.xadd('a', '*', 'payload', 'late');
    await new Promise((resolve) => setImmediate(resolve));
    const stopping = subscription.stop();
    await new Promise((resolve) => setImmediate(resolve));
    server.thaw();
    await Promise.all([adding, stopping]);
  });
  await other.connection.consumer.consume('a', next.take);
  await next.reaches(1);
  assert.deepEqual([late.texts, next.texts], [[], ['late']]);
});

test('a consumer that is stopped and started all the time gets each message once', async (t) => {
  const { url, port } = await started(t);
  const { connection } = await open(t, { url, claimAfterMs: 3_600_000 });
  const handled = new Inbox();
  let count = 0;
  for (let round = 0; round < 50; round++) {
    const subscription = await connection.consumer.consume('a', handled.take);
    const produced = numbered(4).map(() => connection.producer.produce({ target: 'a', payload: `${count++}` }));
    await produced[round % 4];
    await subscription.stop();
    await Promise.all(produced);
  }
  const last = await connection.consumer.consume('a', handled.take);
  await handled.reaches(count);
  await last.stop();
  assert.deepEqual(
    handled.texts.toSorted((a, b) => Number(a) - Number(b)),
    numbered(count),
  );
  assert.deepEqual(await pendingIn(port, 'a'), {});
});

test('stop interrupts the read that waits for messages; a user who may not do that can stop all the same', async (t) => {
  const { url, port } = await started(t, ['user me on >mine ~* +@all -client|unblock -xgroup|delconsumer']);
  await withPlain(port, async (plain) => {
    for (const login of [{ username: 'me', password: 'mine' }, {}]) {
      const { connection } = await open(t, { url, ...login });
      const subscription = await connection.consumer.consume('a', async () => {});
      await until(async () => / flags=b .* cmd=xreadgroup /.test(String(await plain.client('LIST'))));
      await subscription.stop();
      const mayInterrupt = !('username' in login);
      assert.equal(/cmdstat_client\|unblock:calls=[1-9]/.test(await plain.info('commandstats')), mayInterrupt);
    }
  });
});

test('stop waits for the handlers under way: what they have handled is acknowledged, what they reject another gets', async (t) => {
  const { url, port } = await started(t);
  const raw = { url, claimAfterMs: 3_600_000 };
  const [{ connection }, other] = [await open(t, { ...raw, consumerName: 'me' }), await open(t, raw)];
  const [inbox, next, release] = [new Inbox(), new Inbox(), gate()];
  const subscription = await connection.consumer.consume('a', async (message) => {
    inbox.add(message);
    await release.passed;
    if (textOf(message) === 'bad') throw new Error('never');
  });
  for (const payload of ['good', 'bad']) await connection.producer.produce({ target: 'a', payload });
  await inbox.reaches(2);
  let isStopped = false;
  const stopping = subscription.stop().then(() => (isStopped = true));
  await withPlain(port, (plain) =>
    until(async () => /cmdstat_client\|unblock:calls=[1-9]/.test(await plain.info('commandstats'))),
  );
  assert.equal(isStopped, false);
  assert.deepEqual(await pendingIn(port, 'a'), { me: 2 });
  release.open();
  await stopping;
  assert.deepEqual(await pendingIn(port, 'a'), { me: 1 });
  await other.connection.consumer.consume('a', next.take);
  await next.reaches(1);
  assert.deepEqual(next.texts, ['bad']);
});

test('what a consumer had not handled when it landed the next one gets', async (t) => {
  const { url } = await started(t);
  const first = await open(t, { url });
  const seen = new Collector<string>();
  const subscription = await first.connection.consumer.consume('a', async (message) => seen.add(textOf(message)), {
    maxUnacknowledged: 8,
  });
  const produced = numbered(500).map((payload) => first.connection.producer.produce({ target: 'a', payload }));
  await seen.reaches(100);
  await subscription.stop();
  await Promise.all(produced);
  await first.connector.disconnect();
  const second = await open(t, { url });
  await second.connection.consumer.consume('a', async (message) => seen.add(textOf(message)));
  await seen.reaches(500);
  assert.deepEqual(seen.items, numbered(500));
});
