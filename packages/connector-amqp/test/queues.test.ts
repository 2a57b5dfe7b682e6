import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SputnikError } from '@sputnikjs/core';
import type { ConsumedMessage } from '@sputnikjs/messaging';
import { Collector, gate, MemoryLog, numbered, rejection, textOf } from '@sputnikjs/testkit';
import { rabbitmqServer } from '@sputnikjs/testkit/servers';
import { addQueue, assertKept, open, withPlain } from './helpers.js';

const server = await rabbitmqServer({ after });
const { url, port } = server;
before(() => server.start());

test('a queue that another consumer has for itself gives messages when that one has gone', async (t) => {
  await addQueue(port, 'exclusive');
  const log = new MemoryLog();
  const { connection, lost } = await open(t, { url }, log);
  const seen = new Collector<string>();
  const consume = (): Promise<unknown> =>
    connection.consumer.consume('exclusive', async (message) => seen.add(textOf(message)));
  const taken = gate();
  const release = gate();
  const other = withPlain(port, async (plain) => {
    const channel = await plain.acquire();
    await channel.basicConsume({ queue: 'exclusive', exclusive: true }, () => {});
    taken.open();
    await release.passed;
    await channel.close();
  });
  await taken.passed;
  const error = await rejection(consume());
  assert.match(error.message, /^cannot consume from the queue "exclusive": .*ACCESS_REFUSED.*in exclusive use$/);
  assert.ok(!(error instanceof SputnikError), 'it is worth another try');
  release.open();
  await other;
  await consume();
  await connection.producer.produce({ target: 'exclusive', payload: 'x' });
  await seen.reaches(1);
  await assertKept(lost);
});

test('a source that can never be a queue is refused as BAD_CONFIG', async (t) => {
  const { connection } = await open(t, { url });
  for (const source of ['', 'x'.repeat(256), 'ż'.repeat(128), 'a\nb', '\ud800', 'amq.rabbitmq.reply-to']) {
    const error = await rejection(connection.consumer.consume(source, async () => {}));
    assert.equal((error as SputnikError).code, 'BAD_CONFIG', source);
  }
});

test('headers that servers write themselves harm nothing: neither the connection, nor dead letters, nor counts', async (t) => {
  await addQueue(port, 'dead');
  await addQueue(port, 'short', {
    'x-message-ttl': 50,
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': 'dead',
  });
  const { connection, lost } = await open(t, { url });
  const seen = new Collector<ConsumedMessage>();
  await connection.consumer.consume('dead', async (message) => seen.add(message));
  const names = ['x-death', 'x-first-death-queue', 'x-delivery-count', 'x-received-from', 'x-delay', 'cc', ''];
  for (const name of names)
    await connection.producer.produce({ target: 'short', payload: 'x', headers: { [name]: '7' } });
  await seen.reaches(names.length);
  assert.deepEqual(new Set(seen.items.map(({ deliveries }) => deliveries)), new Set([1]));
  await assertKept(lost);
});

test('a message comes with its identity, what it is the answer to, and how often it was delivered where the queue counts', async (t) => {
  await addQueue(port, 'counting', { 'x-queue-type': 'quorum' });
  await addQueue(port, 'not counting');
  await withPlain(port, async (plain) => {
    const publisher = plain.createPublisher({ confirm: true });
    const properties = { durable: true, messageId: '4711', correlationId: 'question 1', replyTo: 'answers' };
    for (const routingKey of ['counting', 'not counting']) await publisher.send({ routingKey, ...properties }, 'x');
    await publisher.close();
  });
  const { connection } = await open(t, { url });
  for (const [queue, counts] of [
    ['counting', [1, 2, 3]],
    ['not counting', [1, undefined, undefined]],
  ] as const) {
    const seen = new Collector<ConsumedMessage>();
    await connection.consumer.consume(queue, async (message) => {
      seen.add(message);
      if (seen.items.length < 3) throw new Error('not now');
    });
    await seen.reaches(3);
    assert.deepEqual(
      seen.items.map(({ deliveries }) => deliveries),
      counts,
    );
    for (const { id, correlationId, replyTo } of seen.items)
      assert.deepEqual([id, correlationId, replyTo], ['4711', 'question 1', 'answers']);
  }
});

test('a queue of the configuration has all that it says: limits, dead letters, arguments of the server', async (t) => {
  await addQueue(port, 'letters');
  const dead = { deadLetterExchange: '', deadLetterRoutingKey: 'letters' };
  const queues = [
    { name: 'limited', type: 'quorum', deliveryLimit: 1, ...dead },
    { name: 'bytes', type: 'classic', maxLengthBytes: 2000, ...dead },
    { name: 'large', type: 'classic', maxLengthBytes: 10_000_000_000, expiresSeconds: 1 },
    { name: 'single', type: 'classic', arguments: { 'x-single-active-consumer': true, 'x-max-priority': 5 } },
  ];
  await open(t, { url, queues });
  const { connection } = await open(t, { url, queues });
  let times = 0;
  await connection.consumer.consume('limited', () => Promise.reject(new Error(`time ${++times}`)));
  await connection.producer.produce({ target: 'limited', payload: 'tried' });
  const letters = new Collector<string>();
  await connection.consumer.consume('letters', async (message) => letters.add(textOf(message)));
  await letters.reaches(1);
  assert.deepEqual([letters.items, times], [['tried'], 2]);

  const payload = Buffer.alloc(1500);
  await connection.producer.produce({ target: 'bytes', payload });
  // the server compares before it adds
  const more = await Promise.allSettled([1, 2].map(() => connection.producer.produce({ target: 'bytes', payload })));
  const full = more.find((each) => each.status === 'rejected')?.reason as SputnikError;
  assert.equal(full.code, 'SERVER_FULL');

  const first = new Collector<string>();
  const second = new Collector<string>();
  await connection.consumer.consume('single', async (message) => first.add(textOf(message)));
  await connection.consumer.consume('single', async (message) => second.add(textOf(message)));
  for (const text of numbered(4)) await connection.producer.produce({ target: 'single', payload: text });
  await first.reaches(4);
  assert.deepEqual(second.items, []);
});

test('a queue that the server cannot deliver from for now ends no connection but its own', async (t) => {
  await addQueue(port, 'led', { 'x-queue-type': 'quorum' });
  await addQueue(port, 'other');
  const log = new MemoryLog();
  const { connection, lost } = await open(t, { url }, log);
  const seen = new Collector<string>();
  const consume = (queue: string): Promise<unknown> =>
    connection.consumer.consume(queue, async (message) => seen.add(textOf(message)));
  await consume('other');
  // a majority of its servers, which is this one, is away
  await server.evaluate("ra:stop_server(quorum_queues, {'%2F_led', node()})");
  const error = await rejection(consume('led'));
  assert.match(error.message, /^cannot consume from the queue "led": INTERNAL_ERROR/);
  assert.ok(!(error instanceof SputnikError), 'it is worth another try');
  await connection.producer.produce({ target: 'other', payload: 'x' });
  await seen.reaches(1);
  await server.evaluate("ra:restart_server(quorum_queues, {'%2F_led', node()})");
  await connection.producer.produce({ target: 'led', payload: 'y' });
  await consume('led');
  await seen.reaches(2);
  await assertKept(lost);
});

test('a consumer whose connection the server closes comes back, and nobody else notices', async (t) => {
  await addQueue(port, 'kicked');
  const log = new MemoryLog();
  const { connection, lost } = await open(t, { url }, log);
  const seen = new Collector<string>();
  const begun = gate();
  const release = gate();
  await connection.consumer.consume('kicked', async (message) => {
    seen.add(textOf(message));
    if (textOf(message) !== 'under way') return;
    begun.open();
    await release.passed;
  });
  await connection.producer.produce({ target: 'kicked', payload: 'under way' });
  await begun.passed;
  const kick = `[rabbit_networking:close_connection(P, "enough") || [{pid, P}, {client_properties, C}] <-
    rabbit_networking:connection_info_all([pid, client_properties]),
    {<<"connection_name">>, _, <<"sputnik consumer">>} <- C], ok`;
  await server.evaluate(kick);
  assert.match(await log.said('consumeFailed'), /for now: CONNECTION_FORCED - enough; trying again in 0\.1 s$/);
  await log.said('consumingAgain');
  await connection.producer.produce({ target: 'kicked', payload: 'after' });
  await seen.reaches(2);
  release.open();
  await connection.producer.produce({ target: 'kicked', payload: 'last' });
  await seen.reaches(3);
  assert.deepEqual(seen.items, ['under way', 'after', 'last']);
  await assertKept(lost);
});
