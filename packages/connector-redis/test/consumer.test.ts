import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConsumedMessage } from '@sputnikjs/sidecar';
import { gate } from '@sputnikjs/testkit';
import {
  Collector,
  KeptLog,
  numbered,
  open,
  pendingIn,
  rejection,
  started,
  textOf,
  until,
  withPlain,
} from './helpers.js';

const nobody: Readonly<Record<string, number>> = {};

/** A handler that keeps the messages it is given. */
class Inbox extends Collector<ConsumedMessage> {
  readonly take = async (message: ConsumedMessage): Promise<void> => this.add(message);

  get texts(): readonly string[] {
    return this.items.map(textOf);
  }
}

test("other clients' entries are messages, too: payload and headers, or all fields as JSON", async (t) => {
  const { url, port } = await started(t);
  await withPlain(port, async (plain) => {
    await plain.xadd('a', '*', 'payload', Buffer.from([0, 255]), 'content-type', 'x/y', 'host', 'b', 'header:c', 'd');
    await plain.xadd('a', '*', 'temperature', '21.5', '__proto__', 'ż');
  });
  const { connection } = await open(t, { url });
  const inbox = new Inbox();
  await connection.consumer.consume('a', inbox.take);
  await inbox.reaches(2);
  assert.deepEqual(inbox.items, [
    {
      source: 'a',
      payload: Buffer.from([0, 255]),
      contentType: 'x/y',
      headers: { host: 'b', c: 'd' },
      redelivered: false,
    },
    {
      source: 'a',
      payload: Buffer.from('{"temperature":"21.5","__proto__":"ż"}'),
      contentType: 'application/json',
      redelivered: false,
    },
  ]);
});

test('what was handled is acknowledged, and no other is', async (t) => {
  const { url, port } = await started(t);
  const { connection } = await open(t, { url, consumerName: 'me' });
  const [inbox, release] = [new Inbox(), gate()];
  const subscription = await connection.consumer.consume('a', async (message) => {
    inbox.add(message);
    if (textOf(message) === 'slow') await release.passed;
  });
  for (const payload of ['1', 'slow', '2', '3']) await connection.producer.produce({ target: 'a', payload });
  await inbox.reaches(4);
  await until(async () => (await pendingIn(port, 'a'))['me'] === 1);
  release.open();
  await subscription.stop();
  assert.deepEqual(await pendingIn(port, 'a'), nobody);
});

test('a message whose handler rejects, or throws, comes again and again; others do not wait, nor does it take a place', async (t) => {
  const { url, port } = await started(t);
  const { connection } = await open(t, { url });
  const inbox = new Inbox();
  let fails = 0;
  const subscription = await connection.consumer.consume(
    'a',
    (message) => {
      inbox.add(message);
      if (textOf(message) === 'bad' && ++fails === 1) throw new Error('not now');
      return textOf(message) === 'bad' && fails === 2 ? Promise.reject(new Error('nor now')) : Promise.resolve();
    },
    { maxUnacknowledged: 1 },
  );
  for (const payload of ['bad', '1', '2']) await connection.producer.produce({ target: 'a', payload });
  await inbox.reaches(5);
  assert.deepEqual(inbox.texts, ['bad', '1', '2', 'bad', 'bad']);
  assert.deepEqual(
    inbox.items.map(({ redelivered }) => redelivered),
    [false, false, false, true, true],
  );
  await subscription.stop();
  assert.deepEqual(await pendingIn(port, 'a'), nobody);
});

test('a group that is missing is an error that says how to make it, unless createGroups makes it', async (t) => {
  const { url, port } = await started(t);
  const strict = await open(t, { url, group: 'my group', createGroups: false });
  const consume = () => strict.connection.consumer.consume('a', async () => {});
  const expected =
    'the stream "a" has no consumer group "my group": make it by XGROUP CREATE a "my group" 0 MKSTREAM, or set "createGroups" to true';
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
  const log = new KeptLog();
  const { connection } = await open(t, { url }, log);
  const inbox = new Inbox();
  await connection.consumer.consume('a', inbox.take);
  await connection.producer.produce({ target: 'a', payload: '1' });
  await inbox.reaches(1);
  await withPlain(port, (plain) => plain.del('a'));
  assert.equal(await log.said('groupMade'), 'the group of "a" was gone, and is made anew');
  await connection.producer.produce({ target: 'a', payload: '2' });
  await inbox.reaches(2);
  assert.deepEqual(inbox.texts, ['1', '2']);
});

test('a group that is gone and may not be made is told of, and consumed on when it is there again', async (t) => {
  const { url, port } = await started(t);
  await withPlain(port, (plain) => plain.xgroup('CREATE', 'a', 'sputnik', '0', 'MKSTREAM'));
  const log = new KeptLog();
  const { connection, connector } = await open(t, { url, createGroups: false }, log);
  const inbox = new Inbox();
  await connection.consumer.consume('a', inbox.take);
  await withPlain(port, (plain) => plain.xgroup('DESTROY', 'a', 'sputnik'));
  assert.match(await log.said('consumeFailed'), /^trouble with consuming "a": the stream "a" has no consumer group/);
  assert.equal(await connector.isConnected(), true);
  await withPlain(port, async (plain) => {
    await plain.xadd('a', '*', 'payload', 'after all');
    await plain.xgroup('CREATE', 'a', 'sputnik', '0');
  });
  await inbox.reaches(1);
});

test('what cannot be acknowledged is told of, and handled again', async (t) => {
  const { url, port } = await started(t, ['user me on >mine ~* +@all -xack']);
  const log = new KeptLog();
  const { connection } = await open(t, { url, username: 'me', password: 'mine' }, log);
  const inbox = new Inbox();
  const subscription = await connection.consumer.consume('a', inbox.take);
  await connection.producer.produce({ target: 'a', payload: '1' });
  assert.match(await log.said('consumeFailed'), /^trouble with consuming "a": NOPERM/);
  assert.equal(log.lines.find(({ fields }) => fields['event'] === 'consumeFailed')?.fields['code'], 'NOPERM');
  await withPlain(port, (plain) => plain.acl('SETUSER', 'me', '+xack'));
  await inbox.reaches(2);
  assert.deepEqual(inbox.items[1]?.redelivered, true);
  await subscription.stop();
  assert.deepEqual(await pendingIn(port, 'a'), nobody);
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
  assert.deepEqual(await pendingIn(port, 'a'), nobody);
});

test('what takes its time is taken over by nobody, neither by others nor by the consumer itself', async (t) => {
  const { url, port } = await started(t);
  const raw = { url, claimAfterMs: 1000 };
  const [slow, other] = [await open(t, { ...raw, consumerName: 'slow' }), await open(t, raw)];
  const [inbox, release, stolen] = [new Inbox(), gate(), new Inbox()];
  const subscription = await slow.connection.consumer.consume('a', async (message) => {
    inbox.add(message);
    await release.passed;
  });
  await slow.connection.producer.produce({ target: 'a', payload: 'slow' });
  await inbox.reaches(1);
  await other.connection.consumer.consume('a', stolen.take);
  // both look a few times
  await withPlain(port, (plain) =>
    until(async () => Number(/cmdstat_xautoclaim:calls=(\d+)/.exec(await plain.info('commandstats'))?.[1]) >= 8),
  );
  assert.deepEqual(await pendingIn(port, 'a'), { slow: 1 });
  release.open();
  await subscription.stop();
  assert.deepEqual([inbox.texts, stolen.texts], [['slow'], []]);
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
  assert.deepEqual([await pendingIn(port, 'a'), inbox.items.length], [nobody, calls]);
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
  assert.deepEqual(await pendingIn(port, 'a'), nobody);
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

test('messages that were deleted before they were handled are counted and told of, and keep nobody', async (t) => {
  const { url, port } = await started(t);
  await withPlain(port, async (plain) => {
    await plain.xgroup('CREATE', 'a', 'sputnik', '0', 'MKSTREAM');
    for (const payload of numbered(6)) await plain.xadd('a', '*', 'payload', payload);
    for (const consumer of ['me', 'dead'])
      await plain.xreadgroup('GROUP', 'sputnik', consumer, 'COUNT', 3, 'STREAMS', 'a', '>');
    await plain.xtrim('a', 'MAXLEN', 0);
    await plain.xadd('a', '*', 'payload', 'new');
  });
  const log = new KeptLog();
  const { connection } = await open(t, { url, consumerName: 'me', claimAfterMs: 1000 }, log);
  const inbox = new Inbox();
  await connection.consumer.consume('a', inbox.take);
  await inbox.reaches(1);
  await until(async () => connection.dropped === 6);
  assert.deepEqual(inbox.texts, ['new']);
  assert.equal(await log.said('dropping'), '3 messages of "a" were deleted from it before they were handled');
  await until(async () => Object.keys(await pendingIn(port, 'a')).length === 0);
});

test('a handler of a lost connection ends in peace, and the next connection delivers its message again', async (t) => {
  const server = await started(t);
  const { connection, connector, lost } = await open(t, { url: server.url });
  const [inbox, release] = [new Inbox(), gate()];
  const subscription = await connection.consumer.consume('a', async (message) => {
    inbox.add(message);
    await release.passed;
  });
  await connection.producer.produce({ target: 'a', payload: '1' });
  await inbox.reaches(1);
  await server.stop();
  await lost;
  const stopping = subscription.stop();
  release.open();
  await stopping;
  await server.start();
  const next = await connector.connect(() => Promise.reject(new Error('none')), {
    signal: new AbortController().signal,
    lost: () => {},
  });
  const again = new Inbox();
  await next.consumer.consume('a', again.take);
  await again.reaches(1);
  assert.deepEqual(
    again.items.map((message) => [textOf(message), message.redelivered]),
    [['1', true]],
  );
});
