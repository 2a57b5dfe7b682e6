// Faults that real satellites, and others' clients, met in the field.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as realTime } from 'node:timers/promises';
import { nanos } from '@nats-io/transport-node';
import { Collector, gate, numbered, rejection, textOf } from '@sputnikjs/testkit';
import { natsServer } from '@sputnikjs/testkit/servers';
import { deleteStream, flow } from './flow.js';
import { addStream, open, started, storedIn, withPlain } from './helpers.js';

// centrifugal/centrifugo#1166
test('a stream that is deleted for half a second costs nobody the connection; its consumer goes on with the next one', async (t) => {
  const { url, log, seen, produce, loss } = await flow(t);
  await addStream(url, { name: 'OTHER', subjects: ['other'] });
  await produce('before');
  await seen.reaches(1);
  await deleteStream(url);
  const other = Promise.all(numbered(100).map((payload) => produce(payload, 'other')));
  await realTime(500);
  await addStream(url, { name: 'S', subjects: ['a'] });
  await log.said('consumingAgain');
  await produce('after');
  await seen.reaches(2);
  await other;
  assert.deepEqual([seen.items, loss()], [['before', 'after'], undefined]);
  const warnings = log.lines.filter(({ fields }) => fields['event'] === 'consumeFailed');
  assert.match(warnings[0]?.text ?? '', /^cannot consume "a" for now: .*Consumer Deleted; trying again in 0\.1 s$/);
  assert.match(warnings.at(-1)?.text ?? '', /no stream takes the subject "a"; create one/);
  assert.ok(warnings.every(({ level, fields }) => level === 'warn' && fields['error'] instanceof Error));
});

test('a consumer that is deleted alone is made again, and gets again what the stream still has', async (t) => {
  const { url, seen, produce, loss } = await flow(t);
  await produce('1');
  await seen.reaches(1);
  await withPlain(url, (_, { consumers }) => consumers.delete('S', 'sputnik-a'));
  await produce('2');
  await seen.reaches(3);
  assert.deepEqual([seen.items.toSorted(), loss()], [['1', '1', '2'], undefined]);
});

test('a stream that comes back with other subjects is none: the consumer waits for one that takes its source', async (t) => {
  const { url, log, seen, produce, loss } = await flow(t);
  await deleteStream(url);
  await addStream(url, { name: 'S', subjects: ['b'] });
  await log.said('consumeFailed');
  await addStream(url, { name: 'T', subjects: ['a'] });
  await log.said('consumingAgain');
  await produce('to the other');
  await seen.reaches(1);
  assert.equal(loss(), undefined);
});

// sooner than a request would seem lost: 15 s
test('a consumer is found again that was deleted while nobody asked it for more', { timeout: 8_000 }, async (t) => {
  const { url, connection, log, produce } = await flow(t, {}, false);
  const [seen, go] = [new Collector<string>(), gate()];
  const slowly = async (message: Parameters<typeof textOf>[0]): Promise<void> => {
    seen.add(textOf(message));
    await go.passed;
  };
  await connection.consumer.consume('a', slowly, { maxUnacknowledged: 1 });
  await produce('1');
  await seen.reaches(1);
  await deleteStream(url);
  await addStream(url, { name: 'S', subjects: ['a'] });
  go.open();
  await log.said('consumingAgain');
  await produce('2');
  await seen.reaches(2);
  assert.deepEqual(seen.items, ['1', '2']);
});

// nats-io/nats.go#1793 is what became of such acknowledgements before
test('what a consumer delivered that is gone is not acknowledged to the next one, which numbers its messages anew', async (t) => {
  const { url, connection, log, produce } = await flow(t, {}, false);
  const [seen, first, second] = [new Collector<string>(), gate(), gate()];
  await connection.consumer.consume('a', async (message) => {
    seen.add(textOf(message));
    await (textOf(message) === 'old' ? first : second).passed;
  });
  await produce('old');
  await seen.reaches(1);
  await deleteStream(url);
  await addStream(url, { name: 'S', subjects: ['a'] });
  await log.said('consumingAgain');
  await produce('new');
  await seen.reaches(2);
  const pending = (): Promise<number> =>
    withPlain(url, async (_, { consumers }) => (await consumers.info('S', 'sputnik-a')).num_ack_pending);
  first.open();
  // behind whatever would be sent
  await realTime(50);
  await connection.producer.produce({ target: 'a', payload: 'later' });
  await seen.reaches(3);
  assert.equal(await pending(), 2);
  second.open();
  while ((await pending()) > 0) await realTime(10);
});

test('whatever limit is reached, of the server, its memory, the account or the stream, the message is refused for now', async (t) => {
  const user = { username: 'me', password: 'x' };
  const login = { user: 'me', pass: 'x' };
  const account = 'jetstream: { max_mem: 20000, max_file: 20000 }, users: [{ user: me, password: x }]';
  const small = await natsServer(t, [], ['max_file_store: 20000', 'max_memory_store: 20000']);
  const accounts = await natsServer(t, [`accounts { A: { ${account} } }`]);
  const fill = async (url: string, raw: object, plainLogin: object, limits: object): Promise<string> => {
    await addStream(url, { name: 'F', subjects: ['f'], ...limits }, plainLogin);
    const { connection } = await open(t, { url, ...raw });
    for (;;) {
      try {
        await connection.producer.produce({ target: 'f', payload: 'x'.repeat(1_000) });
      } catch (error) {
        assert.equal((error as { readonly code?: unknown }).code, 'SERVER_FULL', String(error));
        await withPlain(url, (_, { streams }) => streams.delete('F'), plainLogin);
        return (error as Error).message;
      }
    }
  };
  await small.start();
  await accounts.start();
  assert.match(await fill(small.url, {}, {}, { storage: 'file' }), /for "f": .*; make room, or raise the limits/);
  assert.match(await fill(small.url, {}, {}, { storage: 'memory' }), /for "f": .*; make room, or raise the limits/);
  assert.match(await fill(accounts.url, user, login, { storage: 'file' }), /for "f": .*; make room, or raise the/);
  const limits: object[] = [
    { max_bytes: 5_000 },
    { max_msgs: 3 },
    { max_msgs_per_subject: 2, discard_new_per_subject: true, max_msgs: 9 },
  ];
  for (const limit of limits)
    assert.match(
      await fill(small.url, {}, {}, { ...limit, discard: 'new' }),
      /maximum .* exceeded \(10077\); make room/,
    );
});

test('targets that belong to the server, or to what libraries build on it, are refused, each by itself', async (t) => {
  const { connection } = await flow(t, {}, false);
  const produce = (target: string): Promise<unknown> => connection.producer.produce({ target, payload: 'x' });
  const reserved = ['$KV.bucket.key', '$O.bucket.C.x', '$SRV.PING', '_INBOX.x', '_INBOX', '$JS.API.INFO', '$SYS.x'];
  for (const target of [...reserved, '$MQTT.msgs.x', '$G', '_R_.x', '_GR_.x.y', '$']) {
    const [refusal] = await Promise.all([rejection(produce(target)), produce('a')]);
    assert.match(refusal.message, /^cannot publish to ".*": subjects that begin with \$, or with _INBOX, .* belong to/);
  }
  const missed = await rejection(produce('_INBOXES.x'));
  assert.match(missed.message, /^no stream takes the subject/);
});

test('a source that nobody can ever subscribe to is an error of the configuration', async (t) => {
  for (const jetstream of [true, false]) {
    const { connection } = await flow(t, { jetstream }, false);
    for (const source of ['', 'a..b', '.a', 'a b', 'a.>.b', 'a*', '\ud800', `${'a.'.repeat(3_000)}a`])
      await assert.rejects(
        connection.consumer.consume(source, async () => {}),
        { code: 'BAD_CONFIG' },
        source,
      );
  }
});

test('of a thousand messages of one id, all under way at once, all but one are told that they are duplicates', async (t) => {
  const { connection, url } = await flow(t, {}, false);
  const { producer } = connection;
  const results = await Promise.all(
    numbered(1_000).map((payload) => producer.produce({ target: 'a', payload, id: '1' })),
  );
  assert.deepEqual(
    results.map((result) => result?.duplicate ?? false),
    [false, ...Array.from({ length: 999 }, () => true)],
  );
  assert.equal((await storedIn(url, 'S')).length, 1);
});

// nats-io/nats.go#1929
test('a handler may take longer than any time of a consumer that somebody else has configured', async (t) => {
  const { url, connection, produce } = await flow(t, {}, false);
  const backoff = [nanos(5_000), nanos(300)];
  const config = { durable_name: 'sputnik-a', ack_policy: 'explicit', filter_subject: 'a', max_deliver: 3 } as const;
  await withPlain(url, (_, { consumers }) => consumers.add('S', { ...config, ack_wait: nanos(10_000), backoff }));
  const [begun, done] = [new Collector<string>(), new Collector<string>()];
  await connection.consumer.consume('a', async (message) => {
    begun.add(`${textOf(message)} ${message.deliveries}`);
    if (!message.redelivered) throw new Error('once more');
    await realTime(1_500);
    done.add(textOf(message));
  });
  await produce('slow');
  await done.reaches(1);
  await realTime(500);
  assert.deepEqual(begun.items, ['slow 1', 'slow 2']);
});

test('a server that wants a word from its clients every second keeps the connection, busy or idle', async (t) => {
  const { url } = await started(t, ['ping_interval: "1s"', 'ping_max: 1']);
  await addStream(url, { name: 'S', subjects: ['a'] });
  const { connection, connector, lost } = await open(t, { url });
  let loss: unknown;
  void lost.then((why) => (loss = why));
  await connection.consumer.consume('a', async () => {});
  await realTime(4_000);
  await connection.producer.produce({ target: 'a', payload: 'x' });
  assert.deepEqual([await connector.isConnected(), loss], [true, undefined]);
});

test('core NATS: the reply subject of a message is where its sender expects an answer', async (t) => {
  const { connection, url } = await flow(t, { jetstream: false }, false);
  const seen = new Collector<string | undefined>();
  await connection.consumer.consume('q', async ({ replyTo }) => seen.add(replyTo));
  await withPlain(url, async (plain) => {
    plain.publish('q', 'with', { reply: 'answers.here' });
    plain.publish('q', 'without');
    await plain.flush();
  });
  await seen.reaches(2);
  assert.deepEqual(seen.items, ['answers.here', undefined]);
});
