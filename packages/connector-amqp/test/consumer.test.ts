import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ConsumedMessage } from '@sputnikjs/messaging';
import { Collector, gate, numbered, rejection, textOf } from '@sputnikjs/testkit';
import { rabbitmqServer } from '@sputnikjs/testkit/servers';
import { open, withPlain } from './helpers.js';

const server = await rabbitmqServer({ after });
const { url, port } = server;
before(() => server.start());

/** A durable queue with these messages, by a client that is not ours. */
function addQueue(queue: string, payloads: readonly string[] = []): Promise<void> {
  return withPlain(port, async (plain) => {
    await plain.queueDeclare({ queue, durable: true });
    const publisher = plain.createPublisher({ confirm: true });
    await Promise.all(payloads.map((payload) => publisher.send({ routingKey: queue, durable: true }, payload)));
    await publisher.close();
  });
}

test('a message whose handler rejects comes again, marked, when the others have come', async (t) => {
  await addQueue('again', numbered(4));
  const { connection } = await open(t, { url });
  const seen = new Collector<string>();
  const times: number[] = [];
  await connection.consumer.consume('again', async (message) => {
    seen.add(`${textOf(message)}${message.redelivered ? ' again' : ''}`);
    if (textOf(message) !== '1') return;
    times.push(performance.now());
    if (!message.redelivered) throw new Error('not now');
  });
  await seen.reaches(5);
  assert.deepEqual(seen.items, ['0', '1', '2', '3', '1 again']);
  const [first = 0, second = 0] = times;
  assert.ok(second - first > 900, `after ${second - first} ms`);
});

test('no more messages are under way than maxUnacknowledged says, here and on the server', async (t) => {
  await addQueue('bound', numbered(50));
  const { connection } = await open(t, { url });
  const begun = new Collector<string>();
  const all = gate();
  let most = 0;
  let underWay = 0;
  const handler = async (message: ConsumedMessage): Promise<void> => {
    most = Math.max(most, ++underWay);
    begun.add(textOf(message));
    await all.passed;
    underWay--;
  };
  await connection.consumer.consume('bound', handler, { maxUnacknowledged: 3 });
  await begun.reaches(3);
  const { messageCount } = await withPlain(port, (plain) => plain.queueDeclare({ queue: 'bound', passive: true }));
  assert.equal(messageCount, 47, 'the others are ready for somebody else');
  all.open();
  await begun.reaches(50);
  assert.equal(most, 3);
  assert.deepEqual(begun.items, numbered(50));
});

test('a stopped consumer completes what it has begun, and leaves the rest to the next one, in order', async (t) => {
  await addQueue('stop', numbered(10));
  const { connection } = await open(t, { url });
  const begun = new Collector<string>();
  const go = gate();
  let completed = 0;
  const first = await connection.consumer.consume(
    'stop',
    async (message) => {
      begun.add(textOf(message));
      await go.passed;
      completed++;
    },
    { maxUnacknowledged: 2 },
  );
  await begun.reaches(2);
  const stopped = first.stop();
  go.open();
  await stopped;
  assert.equal(completed, begun.items.length);
  const rest = new Collector<string>();
  await connection.consumer.consume('stop', async (message) => rest.add(textOf(message)));
  await rest.reaches(10 - completed);
  assert.deepEqual([...begun.items, ...rest.items], numbered(10));
});

test('headers of any type that AMQP has become text; bytes stay as they are, whatever their content type says', async (t) => {
  await addQueue('types');
  await withPlain(port, async (plain) => {
    const publisher = plain.createPublisher({ confirm: true });
    const headers = { n: 1, b: true, list: [1, 'a'], table: { k: 'v' }, nothing: null };
    await publisher.send({ routingKey: 'types', contentType: 'application/json', headers }, Buffer.from('{ "a":1 }'));
    await publisher.close();
  });
  const { connection } = await open(t, { url });
  const seen = new Collector<ConsumedMessage>();
  await connection.consumer.consume('types', async (message) => seen.add(message));
  await seen.reaches(1);
  const [message] = seen.items;
  assert.equal(message && textOf(message), '{ "a":1 }');
  assert.equal(message?.contentType, 'application/json');
  assert.deepEqual(message?.headers, { n: '1', b: 'true', list: '[1,"a"]', table: '{"k":"v"}', nothing: '' });
});

test('a queue that is missing, or has no name that can be, is an error that says what to do, and harms nobody else', async (t) => {
  await addQueue('there', ['x']);
  const { connector, connection } = await open(t, { url });
  const failure = async (source: string): Promise<string> =>
    (await rejection(connection.consumer.consume(source, async () => {}))).message;
  assert.match(
    await failure('nowhere'),
    /^cannot consume from the queue "nowhere": .*NOT_FOUND.*; create it, or list it in "queues" of the connector$/,
  );
  assert.match(await failure(''), /^cannot consume from the queue "": the name of a queue has 1 to 255 bytes$/);
  assert.match(await failure('x'.repeat(256)), /the name of a queue has 1 to 255 bytes$/);
  assert.equal(await connector.isConnected(), true);
  const seen = new Collector<string>();
  await connection.consumer.consume('there', async (message) => seen.add(textOf(message)));
  await seen.reaches(1);
});
