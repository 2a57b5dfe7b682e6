import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setTimeout as realTime } from 'node:timers/promises';
import type { StreamConfig } from '@nats-io/jetstream';
import type { NatsMessaging } from '@sputnikjs/connector-nats';
import type { ConsumedMessage } from '@sputnikjs/messaging';
import { numbered, rejection, textOf } from '@sputnikjs/testkit';
import { addStream, open, started, withPlain } from './helpers.js';

interface Kept {
  readonly url: string;
  readonly connection: NatsMessaging;
  /** Produces one message after the other. */
  readonly produce: (target: string, ...payloads: readonly string[]) => Promise<void>;
  /** The sequence of the last message of a subject. */
  readonly last: (subject: string) => Promise<string>;
  /** Reads a source after a message, one at a time, until the signal aborts. */
  readonly read: (source: string, after: string, signal?: AbortSignal) => Promise<AsyncIterator<ConsumedMessage>>;
}

/** A stream S of `x.>`, and a connection. */
async function kept(t: TestContext, limits: Partial<StreamConfig> = {}): Promise<Kept> {
  const { url } = await started(t);
  await addStream(url, { name: 'S', subjects: ['x.>'], ...limits });
  const { connection } = await open(t, { url });
  const over = new AbortController();
  t.after(() => over.abort());
  return {
    url,
    connection,
    async produce(target, ...payloads) {
      for (const payload of payloads) await connection.producer.produce({ target, payload });
    },
    last: (subject) =>
      withPlain(url, async (_, { streams }) => {
        const message = await streams.getMessage('S', { last_by_subj: subject });
        assert.ok(message);
        const [seconds = '', fraction = ''] = message.timestamp.slice(0, -1).split('.');
        return `${message.seq}-${Date.parse(`${seconds}Z`) / 1_000}${fraction.padEnd(9, '0')}`;
      }),
    async read(source, after, signal = over.signal) {
      const { replayer } = connection;
      assert.ok(replayer);
      return (await replayer.replay(source, after, signal))[Symbol.asyncIterator]();
    },
  };
}

async function next(messages: AsyncIterator<ConsumedMessage>): Promise<string> {
  const { value, done } = await messages.next();
  assert.ok(!done, 'the replay is over');
  return textOf(value);
}

const consumers = (url: string): Promise<number> =>
  withPlain(url, async (_, { streams }) => (await streams.info('S')).state.consumer_count);

test('a replay is after a message of its source, and gets messages of that only', async (t) => {
  const { produce, last, read } = await kept(t);
  await produce('x.a', 'a1');
  const [a, others] = [await last('x.a'), ['b1', 'a2', 'b2', 'a3']];
  for (const payload of others) await produce(`x.${payload.slice(0, 1)}`, payload);
  assert.match(String(await rejection(read('x.a', await last('x.b')))), /the message of that number is of "x\.b"/);
  const [own, all] = [await read('x.a', a), await read('x.>', a)];
  assert.deepEqual([await next(own), await next(own)], ['a2', 'a3']);
  for (const payload of others) assert.equal(await next(all), payload);
});

test('a message that was removed, or deleted by itself, may be resumed after as long as nothing after it was removed', async (t) => {
  const { url, produce, last, read } = await kept(t);
  await produce('x.a', '1');
  const first = await last('x.a');
  await produce('x.a', '2');
  const second = await last('x.a');
  await produce('x.a', '3');
  await withPlain(url, (_, { streams }) => streams.purge('S', { seq: 2 }));
  assert.equal(await next(await read('x.a', first)), '2');
  await withPlain(url, (_, { streams }) => streams.deleteMessage('S', 2));
  assert.equal(await next(await read('x.a', second)), '3');
  await withPlain(url, (_, { streams }) => streams.purge('S'));
  const error = await rejection(read('x.a', second));
  assert.equal(error.code, 'CANNOT_RESUME');
  assert.match(String(error), /messages after it were removed from the stream "S", which begins with 4/);
});

test('messages of others that are removed while a replay waits are no gap', async (t) => {
  const { produce, last, read } = await kept(t, { max_msgs: 20 });
  await produce('x.a', '1');
  const messages = await read('x.a', await last('x.a'));
  const waiting = next(messages);
  // twelve, and then as many before the replay has asked twice more: the stream keeps what it does not know of
  for (let round = 0; round < 5; round++) {
    await produce('x.b', ...numbered(6));
    await realTime(2_100);
  }
  await produce('x.a', '2');
  assert.equal(await waiting, '2');
});

test('a replay that cannot know whose messages were removed before it got the next one ends', async (t) => {
  const { url, produce, last, read } = await kept(t);
  await produce('x.a', '1');
  const messages = await read('x.a', await last('x.a'));
  await produce('x.a', '2');
  assert.equal(await next(messages), '2');
  await produce('x.b', ...numbered(5));
  await withPlain(url, (_, { streams }) => streams.purge('S', { seq: 7 }));
  await produce('x.a', '3');
  assert.equal((await rejection(messages.next())).code, 'CANNOT_RESUME');
});

test('a replay does not go on in a stream that has the name of its own, though it has as many messages', async (t) => {
  const { url, produce, last, read } = await kept(t);
  await produce('x.a', ...numbered(101));
  const messages = await read('x.a', await last('x.a'));
  await withPlain(url, (_, { streams }) => streams.delete('S'));
  await addStream(url, { name: 'S', subjects: ['x.>'] });
  await produce('x.a', ...numbered(200));
  const error = await rejection(messages.next());
  assert.equal(error.code, 'CANNOT_RESUME', String(error));
  assert.match(String(error), /the stream "S" was deleted and made again/);
});

test('a source is not kept whose stream deletes what was handled, or old messages of a subject', async (t) => {
  const limits = [{ retention: 'workqueue' }, { retention: 'interest' }, { max_msgs_per_subject: 5 }] as const;
  for (const one of limits) {
    const { connection, produce, read, last } = await kept(t, one);
    assert.equal(await connection.replayer?.keeps('x.>'), false);
    // somebody else keeps what there is interest in
    const subscription = await connection.consumer.consume('x.b', async () => {});
    await subscription.stop();
    await produce('x.b', '1');
    const error = await rejection(read('x.b', await last('x.b')));
    assert.equal(error.code, 'CANNOT_RESUME');
    assert.match(String(error), /deletes what was handled \(retention: \w+\)|max_msgs_per_subject/);
  }
});

test('a replay has one consumer on the server, which acknowledges nothing, and leaves none, however it ends', async (t) => {
  const { url, connection, produce, last, read } = await kept(t);
  await produce('x.a', ...numbered(3));
  const after = await last('x.a');
  await produce('x.a', '3');
  const over = new AbortController();
  const begun = await read('x.a', after, over.signal);
  const [config] = await withPlain(url, async (_, manager) => {
    const configs = [];
    for await (const info of manager.consumers.list('S')) configs.push(info.config);
    return configs;
  });
  const { ack_policy, inactive_threshold, mem_storage } = config ?? {};
  assert.deepEqual([ack_policy, inactive_threshold, mem_storage], ['none', 300e9, true]);
  const returned = await read('x.a', after);
  assert.equal(await next(returned), '3');
  assert.equal(await consumers(url), 2);
  over.abort();
  await returned.return?.();
  assert.equal((await begun.next()).done, true);
  assert.ok(connection.replayer);
  await connection.replayer.replay('x.a', after, AbortSignal.abort());
  while ((await consumers(url)) > 0) await realTime(10);
});
