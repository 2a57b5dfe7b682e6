import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConsumedMessage } from '@sputnikjs/messaging';
import { gate, MemoryLog, numbered, rejection, textOf } from '@sputnikjs/testkit';
import { Inbox, open, pendingIn, started, until, withPlain } from './helpers.js';

test('a group that is missing is an error that says how to make it, unless createGroups makes it', async (t) => {
  const { url, port } = await started(t);
  const strict = await open(t, { url, group: 'my group', createGroups: false });
  const consume = () => strict.connection.consumer.consume('a', async () => {});
  const expected =
    'the stream "a" has no consumer group "my group": create it with XGROUP CREATE a "my group" 0 MKSTREAM, or set "createGroups" to true';
  assert.equal((await rejection(consume())).message, expected);
  await withPlain(port, (plain) => plain.xadd('a', '*', 'payload', 'x'));
  assert.equal((await rejection(consume())).message, expected);
  await withPlain(port, (plain) => plain.xgroup('CREATE', 'a', 'my group', '0', 'MKSTREAM'));
  await (await consume()).stop();
  await withPlain(port, (plain) => plain.set('text', 'x'));
  const { connection } = await open(t, { url });
  const wrong = await rejection(connection.consumer.consume('text', async () => {}));
  assert.match(wrong.message, /^WRONGTYPE .*; the key holds something other than a stream/);
  // the same at once: each finds that the other was faster
  await Promise.all([1, 2, 3].map(() => connection.consumer.consume('new', async () => {})));
});

test('a stream that somebody deletes is made anew, and consumed on', async (t) => {
  const { url, port } = await started(t);
  const log = new MemoryLog();
  const { connection } = await open(t, { url }, log);
  const inbox = new Inbox();
  await connection.consumer.consume('a', inbox.take);
  await connection.producer.produce({ target: 'a', payload: '1' });
  await inbox.reaches(1);
  await withPlain(port, (plain) => plain.del('a'));
  assert.equal(await log.said('groupMade'), 'the group of "a" was missing and has been created again');
  await connection.producer.produce({ target: 'a', payload: '2' });
  await inbox.reaches(2);
  assert.deepEqual(inbox.texts, ['1', '2']);
});

test('a group that is gone and may not be made is told of, and consumed on when it is there again', async (t) => {
  const { url, port } = await started(t);
  await withPlain(port, (plain) => plain.xgroup('CREATE', 'a', 'sputnik', '0', 'MKSTREAM'));
  const log = new MemoryLog();
  const { connection, connector } = await open(t, { url, createGroups: false }, log);
  const inbox = new Inbox();
  await connection.consumer.consume('a', inbox.take);
  await withPlain(port, (plain) => plain.xgroup('DESTROY', 'a', 'sputnik'));
  assert.match(await log.said('consumeFailed'), /^cannot consume from "a": the stream "a" has no consumer group/);
  assert.equal(await connector.isConnected(), true);
  await withPlain(port, async (plain) => {
    await plain.xadd('a', '*', 'payload', 'after all');
    await plain.xgroup('CREATE', 'a', 'sputnik', '0');
  });
  await inbox.reaches(1);
});

test('a consumer of the same name takes up what it had not acknowledged, before anything new, a page at a time', async (t) => {
  const { url, port } = await started(t);
  const first = await open(t, { url, consumerName: 'me' });
  const [begun, next] = [new Inbox(), new Inbox()];
  await first.connection.consumer.consume('a', async (message) => {
    begun.add(message);
    await new Promise(() => {});
  });
  for (const payload of numbered(10)) await first.connection.producer.produce({ target: 'a', payload });
  await begun.reaches(10);
  await first.connector.disconnect();
  await withPlain(port, (plain) => plain.xadd('a', '*', 'payload', 'new'));
  const second = await open(t, { url, consumerName: 'me' });
  await second.connection.consumer.consume('a', next.take, { maxUnacknowledged: 3 });
  await next.reaches(11);
  assert.deepEqual(next.texts, [...numbered(10), 'new']);
  assert.deepEqual(
    next.items.map(({ redelivered }) => redelivered),
    [...numbered(10).map(() => true), false],
  );
});

test('what a dead consumer has left behind others take over', async (t) => {
  const { url, port } = await started(t);
  await withPlain(port, async (plain) => {
    await plain.xgroup('CREATE', 'a', 'sputnik', '0', 'MKSTREAM');
    for (const payload of numbered(30)) await plain.xadd('a', '*', 'payload', payload);
    await plain.xreadgroup('GROUP', 'sputnik', 'dead', 'COUNT', 20, 'STREAMS', 'a', '>');
  });
  const { connection } = await open(t, { url, claimAfterMs: 1000, consumerName: 'me' });
  const inbox = new Inbox();
  const subscription = await connection.consumer.consume('a', inbox.take, { maxUnacknowledged: 7 });
  await inbox.reaches(30);
  const sorted = inbox.items.toSorted((a, b) => Number(textOf(a)) - Number(textOf(b)));
  assert.deepEqual(sorted.map(textOf), numbered(30));
  assert.deepEqual(
    sorted.map(({ redelivered }) => redelivered),
    numbered(30).map((_, nth) => nth < 20),
  );
  await subscription.stop();
  assert.deepEqual(await pendingIn(port, 'a'), {});
});

test('what takes its time others do not take over', async (t) => {
  const { url, port } = await started(t);
  const raw = { url, claimAfterMs: 1000 };
  const [slow, other] = [await open(t, { ...raw, consumerName: 'slow' }), await open(t, raw)];
  const [inbox, release, stolen] = [new Inbox(), gate(), new Inbox()];
  const subscription = await slow.connection.consumer.consume(
    'a',
    async (message) => {
      inbox.add(message);
      await release.passed;
    },
    // no place is left, so that it does not look for what is idle itself
    { maxUnacknowledged: 1 },
  );
  await slow.connection.producer.produce({ target: 'a', payload: 'slow' });
  await inbox.reaches(1);
  await other.connection.consumer.consume('a', stolen.take);
  // one for each begin, the others a second apart
  await withPlain(port, (plain) =>
    until(async () => Number(/cmdstat_xautoclaim:calls=(\d+)/.exec(await plain.info('commandstats'))?.[1]) >= 5),
  );
  assert.deepEqual(await pendingIn(port, 'a'), { slow: 1 });
  release.open();
  await subscription.stop();
  assert.deepEqual([inbox.texts, stolen.texts], [['slow'], []]);
});

test('what takes its time a consumer does not take over from itself, though it may not say that it is under way', async (t) => {
  const { url, port } = await started(t, ['user me on >mine ~* +@all -xclaim']);
  const { connection } = await open(t, { url, username: 'me', password: 'mine', claimAfterMs: 1000 });
  const [inbox, release] = [new Inbox(), gate()];
  const subscription = await connection.consumer.consume('a', async (message) => {
    inbox.add(message);
    await release.passed;
  });
  await connection.producer.produce({ target: 'a', payload: 'slow' });
  await withPlain(port, (plain) =>
    until(async () => {
      const [entry] = (await plain.xpending('a', 'sputnik', '-', '+', 1)) as [string, string, number, number][];
      const [, , , deliveries = 0] = entry ?? [];
      return deliveries > 1;
    }),
  );
  release.open();
  await subscription.stop();
  assert.deepEqual([inbox.texts, await pendingIn(port, 'a')], [['slow'], {}]);
});

test('two subscriptions of one connection share the messages of a stream, and each of two streams has its own', async (t) => {
  const { url, port } = await started(t);
  const { connection } = await open(t, { url, consumerName: 'me' });
  const [one, two, b, release] = [new Inbox(), new Inbox(), new Inbox(), gate()];
  const held = (inbox: Inbox) => async (message: ConsumedMessage) => {
    inbox.add(message);
    await release.passed;
  };
  const options = { maxUnacknowledged: 5 };
  const subscriptions = [
    await connection.consumer.consume('a', held(one), options),
    await connection.consumer.consume('a', held(two), options),
    await connection.consumer.consume('b', b.take),
  ];
  for (const payload of numbered(10)) await connection.producer.produce({ target: 'a', payload });
  await Promise.all([one.reaches(5), two.reaches(5)]);
  assert.deepEqual(await pendingIn(port, 'a'), { me: 5, 'me-2': 5 });
  await connection.producer.produce({ target: 'b', payload: 'x' });
  await b.reaches(1);
  release.open();
  await Promise.all(subscriptions.map((subscription) => subscription.stop()));
  assert.deepEqual([...one.texts, ...two.texts].toSorted(), numbered(10));
});

test('a consumer whose name was made up leaves its group, unless something is pending; a given name stays', async (t) => {
  const { url, port } = await started(t);
  const consumers = (): Promise<readonly string[]> =>
    withPlain(port, async (plain) => {
      const found = (await plain.xinfo('CONSUMERS', 'a', 'sputnik')) as string[][];
      return found.map(([, name = '']) => name);
    });
  const [named, unnamed] = [await open(t, { url, consumerName: 'me' }), await open(t, { url })];
  const inbox = new Inbox();
  await (await named.connection.consumer.consume('a', inbox.take)).stop();
  const subscription = await unnamed.connection.consumer.consume('a', async (message) => {
    inbox.add(message);
    if (textOf(message) === 'bad') throw new Error('never');
  });
  await unnamed.connection.producer.produce({ target: 'a', payload: 'good' });
  await inbox.reaches(1);
  await until(async () => (await consumers()).length === 2);
  await subscription.stop();
  assert.deepEqual(await consumers(), ['me']);
  const again = await unnamed.connection.consumer.consume('a', async (message) => {
    inbox.add(message);
    throw new Error('never');
  });
  await unnamed.connection.producer.produce({ target: 'a', payload: 'bad' });
  await inbox.reaches(2);
  await again.stop();
  assert.equal((await consumers()).length, 2);
});

test('consumers of one group share the messages of a stream, and each group gets all of them', async (t) => {
  const { url } = await started(t);
  const groups = ['one', 'one', 'two'] as const;
  const inboxes = { one: new Inbox(), two: new Inbox() };
  const first = await open(t, { url });
  await Promise.all(numbered(50).map((payload) => first.connection.producer.produce({ target: 'a', payload })));
  for (const group of groups) {
    const { connection } = await open(t, { url, group });
    await connection.consumer.consume('a', inboxes[group].take, { maxUnacknowledged: 1 });
  }
  await Promise.all(numbered(50).map((payload) => first.connection.producer.produce({ target: 'a', payload })));
  for (const inbox of [inboxes.one, inboxes.two]) {
    await inbox.reaches(100);
    assert.deepEqual(inbox.texts.toSorted(), [...numbered(50), ...numbered(50)].toSorted());
  }
});
