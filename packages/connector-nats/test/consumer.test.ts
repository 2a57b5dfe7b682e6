import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { ConsumerConfig } from '@nats-io/jetstream';
import type { NatsMessaging } from '@sputnikjs/connector-nats';
import { Collector, gate, numbered, rejection, textOf, type StandaloneConnector } from '@sputnikjs/testkit';
import { addStream, open, started, withPlain } from './helpers.js';

interface Flow extends StandaloneConnector<NatsMessaging> {
  readonly url: string;
  /** Produces these, in order. */
  readonly produce: (...payloads: readonly string[]) => Promise<unknown>;
}

/** A connection to a server with the stream S of the subjects a and b.>, to which `produce` produces. */
async function flow(t: TestContext): Promise<Flow> {
  const { url } = await started(t);
  await addStream(url, { name: 'S', subjects: ['a', 'b.>'] });
  const opened = await open(t, { url });
  const { producer } = opened.connection;
  return {
    ...opened,
    url,
    produce: (...payloads) => Promise.all(payloads.map((payload) => producer.produce({ target: 'a', payload }))),
  };
}

function addConsumer(url: string, config: Partial<ConsumerConfig>): Promise<unknown> {
  return withPlain(url, (_, { consumers }) => consumers.add('S', config));
}

function pendingOf(url: string, durable: string): Promise<number> {
  return withPlain(url, async (_, { consumers }) => (await consumers.info('S', durable)).num_ack_pending);
}

test('a message whose handler rejects comes again, marked, when the others have come', async (t) => {
  const { connection, produce } = await flow(t);
  const seen = new Collector<string>();
  const times: number[] = [];
  await connection.consumer.consume('a', async (message) => {
    seen.add(`${textOf(message)}${message.redelivered ? ' again' : ''}`);
    if (textOf(message) !== '1') return;
    times.push(performance.now());
    if (!message.redelivered) throw new Error('not now');
  });
  await produce('0', '1', '2', '3');
  await seen.reaches(5);
  assert.deepEqual(seen.items, ['0', '1', '2', '3', '1 again']);
  const [first = 0, second = 0] = times;
  assert.ok(second - first > 900, `after ${second - first} ms`);
});

test('no more messages are under way than maxUnacknowledged says, here and on the server', async (t) => {
  const { connection, produce, url } = await flow(t);
  const begun = new Collector<string>();
  const all = gate();
  let most = 0;
  let underWay = 0;
  const handler = async (message: Parameters<typeof textOf>[0]): Promise<void> => {
    most = Math.max(most, ++underWay);
    begun.add(textOf(message));
    await all.passed;
    underWay--;
  };
  await connection.consumer.consume('a', handler, { maxUnacknowledged: 3 });
  await produce(...numbered(50));
  await begun.reaches(3);
  assert.equal(await pendingOf(url, 'sputnik-a'), 3);
  all.open();
  await begun.reaches(50);
  assert.equal(most, 3);
  assert.deepEqual(begun.items, numbered(50));
});

test('a stopped consumer completes what it has begun, and leaves the rest to the next one of the same durable', async (t) => {
  const { connection, produce, url } = await flow(t);
  const begun = new Collector<string>();
  const go = gate();
  let completed = 0;
  const first = await connection.consumer.consume(
    'a',
    async (message) => {
      begun.add(textOf(message));
      await go.passed;
      completed++;
    },
    { maxUnacknowledged: 2 },
  );
  await produce(...numbered(10));
  await begun.reaches(2);
  const stopped = first.stop();
  go.open();
  await stopped;
  assert.equal(completed, begun.items.length);
  assert.equal(await pendingOf(url, 'sputnik-a'), 0);
  const rest = new Collector<string>();
  const second = await open(t, { url });
  await second.connection.consumer.consume('a', async (message) => rest.add(textOf(message)));
  await rest.reaches(10 - completed);
  assert.deepEqual([...begun.items, ...rest.items], numbered(10));
});

// sooner than the server would deliver again by itself what is not acknowledged: 10 s
test('what was on its way when a consumer stopped goes back at once', { timeout: 8000 }, async (t) => {
  const { connection, produce } = await flow(t);
  await produce(...numbered(50));
  const handled: string[] = [];
  const stopped = gate<Promise<void>>();
  const subscription = await connection.consumer.consume('a', async (message) => {
    handled.push(textOf(message));
    stopped.open(subscription.stop());
  });
  await stopped.passed;
  assert.ok(handled.length < 50, 'it stopped when it had everything');
  const again = new Set(handled);
  const all = gate();
  await connection.consumer.consume('a', async (message) => {
    // nats-server 2.9 lets one of those that are given back wait, and another come twice
    if (again.add(textOf(message)).size >= 49) all.open();
  });
  await all.passed;
});

test('satellites of the same durable share the messages of a source; one of another gets all of them', async (t) => {
  const { connection, produce, url } = await flow(t);
  const [shared, own] = [new Collector<string>(), new Collector<string>()];
  const counts = [0, 0];
  const consumers = [connection.consumer, (await open(t, { url })).connection.consumer];
  for (const [i, consumer] of consumers.entries())
    await consumer.consume(
      'a',
      async (message) => {
        counts[i] = (counts[i] ?? 0) + 1;
        shared.add(textOf(message));
      },
      { maxUnacknowledged: 1 },
    );
  const other = await open(t, { url, durable: 'other' });
  await other.connection.consumer.consume('a', async (message) => own.add(textOf(message)));
  await produce(...numbered(200));
  await Promise.all([shared.reaches(200), own.reaches(200)]);
  assert.deepEqual(new Set(shared.items), new Set(numbered(200)));
  assert.ok(
    counts.every((count) => count > 0),
    counts.join(' and '),
  );
  assert.deepEqual(own.items, numbered(200));
});

test('a handler may take longer than the server would wait: it is told, and delivers nothing twice', async (t) => {
  const { connection, produce, url } = await flow(t);
  await addConsumer(url, { durable_name: 'sputnik-a', ack_policy: 'explicit', ack_wait: 3e9, filter_subject: 'a' });
  const begun = new Collector<string>();
  const completed = new Collector<string>();
  await connection.consumer.consume('a', async (message) => {
    begun.add(textOf(message));
    // real time: the server's own clock is the point
    await new Promise((resolve) => setTimeout(resolve, 7_500));
    completed.add(textOf(message));
  });
  await produce('slow');
  await completed.reaches(1);
  assert.deepEqual(begun.items, ['slow']);
  assert.equal(await pendingOf(url, 'sputnik-a'), 0);
});

test('headers of the server stay out of what a handler gets', async (t) => {
  const { connection } = await flow(t);
  const { producer, consumer } = connection;
  await producer.produce({ target: 'b.c', payload: 'x', id: '1', contentType: 'text/plain', headers: { k: 'v' } });
  const seen = new Collector<object>();
  await consumer.consume('b.*', async (message) => seen.add(message));
  await seen.reaches(1);
  const expected = { source: 'b.c', payload: Buffer.from('x'), redelivered: false };
  const [{ sequence, ...message }] = seen.items as [{ payload: Uint8Array; sequence: string }];
  // the place in the stream, and when it was stored
  assert.match(sequence, /^1-\d+$/);
  assert.deepEqual(
    { ...message, payload: Buffer.from(message.payload) },
    { ...expected, deliveries: 1, id: '1', contentType: 'text/plain', headers: { k: 'v' } },
  );
});

test('a source that cannot be consumed from is an error that says what to do', async (t) => {
  const { connection, url } = await flow(t);
  await addStream(url, { name: 'T', subjects: ['c'] });
  await addConsumer(url, { durable_name: 'sputnik-a', ack_policy: 'none', filter_subject: 'a' });
  await addConsumer(url, { durable_name: 'sputnik-b_c', ack_policy: 'explicit', filter_subject: 'b.d' });
  await addConsumer(url, {
    durable_name: 'sputnik-b_e',
    ack_policy: 'explicit',
    filter_subject: 'b.e',
    deliver_subject: 'x',
  });
  const failure = async (source: string): Promise<string> =>
    (await rejection(connection.consumer.consume(source, async () => {}))).message;
  assert.match(
    await failure('d'),
    /^no stream takes the subject "d"; create one, or list it in "streams" of the connector$/,
  );
  assert.match(await failure('>'), /^several streams have subjects of ">": S, T; consume from each separately$/);
  assert.match(await failure('a..b'), /^cannot consume from "a\.\.b": /);
  const advice = '; delete it, or choose another "durable"';
  assert.equal(
    await failure('a'),
    `the consumer "sputnik-a" of the stream "S" does not acknowledge each message by itself (none)${advice}`,
  );
  assert.equal(await failure('b.c'), `the consumer "sputnik-b_c" of the stream "S" is for b.d, not for b.c${advice}`);
  assert.equal(await failure('b.e'), `the consumer "sputnik-b_e" of the stream "S" is a push consumer${advice}`);
});
