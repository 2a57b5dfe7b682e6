import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { SputnikError } from '@sputnikjs/core';
import type { MqttConnection } from '@sputnikjs/connector-mqtt';
import { Aedes } from 'aedes';
import { Collector, MemoryLog, numbered, rejection, textOf } from '@sputnikjs/testkit';
import { open } from './helpers.js';
import { mosquitto } from './mosquitto.js';
import { tap } from './tap.js';

/** After this the server has seen what was sent before, and we what it answered. */
async function roundTrips({ producer }: MqttConnection): Promise<void> {
  for (let i = 0; i < 2; i++) await producer.produce({ target: 'round/trip', payload: '' });
}

test('what is produced is consumed: every message, with its source, in order', async (t) => {
  const { url } = await mosquitto(t);
  const { connection } = await open(t, { url });
  const got = new Collector<string>();
  await connection.consumer.consume(
    'in/+',
    async (message) => {
      assert.equal(message.redelivered, false);
      got.add(`${message.source} ${textOf(message)}`);
    },
    { maxUnacknowledged: 1 },
  );
  const sent = Array.from({ length: 500 }, (_, i) => `in/${i % 3} ${i}`);
  await Promise.all(
    sent.map((line) => connection.producer.produce({ target: line.slice(0, 4), payload: line.slice(5) })),
  );
  await got.reaches(500);
  assert.deepEqual(got.items, sent);
});

test('a handler may produce on the same connection and wait for it', async (t) => {
  const { url } = await mosquitto(t);
  const { connection } = await open(t, { url });
  const got = new Collector<string>();
  await connection.consumer.consume('out', async (message) => got.add(textOf(message)));
  await connection.consumer.consume(
    'in',
    async (message) => void (await connection.producer.produce({ target: 'out', payload: message.payload })),
    { maxUnacknowledged: 1 },
  );
  for (let i = 0; i < 50; i++) await connection.producer.produce({ target: 'in', payload: String(i) });
  await got.reaches(50);
  assert.deepEqual(got.items, numbered(50));
});

test('a message is acknowledged when its handler resolves, and not before', async (t) => {
  const { port } = await mosquitto(t);
  const wire = await tap(t, port);
  const { connection } = await open(t, { url: wire.url });
  const got = new Collector<() => void>();
  await connection.consumer.consume('a', () => new Promise((resolve) => got.add(resolve)));
  for (let i = 0; i < 3; i++) await connection.producer.produce({ target: 'a', payload: String(i) });
  await got.reaches(3);
  await roundTrips(connection);
  assert.deepEqual(wire.acknowledged(), []);
  got.items[0]?.();
  await roundTrips(connection);
  assert.deepEqual(wire.acknowledged(), [1]);
});

test('acknowledgements keep the order of the messages, whichever handler is ready first', async (t) => {
  const { port } = await mosquitto(t);
  const wire = await tap(t, port);
  const { connection } = await open(t, { url: wire.url });
  const got = new Collector<() => void>();
  await connection.consumer.consume('a', () => new Promise((resolve) => got.add(resolve)));
  for (let i = 0; i < 4; i++) await connection.producer.produce({ target: 'a', payload: String(i) });
  await got.reaches(4);
  for (const ready of [2, 1]) got.items[ready]?.();
  await roundTrips(connection);
  assert.deepEqual(wire.acknowledged(), []);
  got.items[0]?.();
  await roundTrips(connection);
  assert.deepEqual(wire.acknowledged(), [1, 2, 3]);
});

test('a message for several subscriptions is acknowledged when the last of their handlers is ready', async (t) => {
  const { port } = await mosquitto(t, ['allow_anonymous true', 'allow_duplicate_messages false']);
  const wire = await tap(t, port);
  const { connection } = await open(t, { url: wire.url });
  const got = new Collector<() => void>();
  for (const filter of ['a', '+'])
    await connection.consumer.consume(filter, () => new Promise((resolve) => got.add(resolve)));
  await connection.producer.produce({ target: 'a', payload: '' });
  await got.reaches(2);
  got.items[0]?.();
  await roundTrips(connection);
  assert.deepEqual(wire.acknowledged(), []);
  got.items[1]?.();
  await roundTrips(connection);
  assert.deepEqual(wire.acknowledged(), [1]);
});

test('what a stopped subscription did not handle is acknowledged, unless the session is kept', async (t) => {
  const { port } = await mosquitto(t);
  for (const cleanSession of [true, false]) {
    const wire = await tap(t, port);
    const { connection } = await open(t, { url: wire.url, clientId: 'own', cleanSession });
    const got = new Collector<() => void>();
    const subscription = await connection.consumer.consume('a', () => new Promise((resolve) => got.add(resolve)), {
      maxUnacknowledged: 1,
    });
    for (let i = 0; i < 3; i++) await connection.producer.produce({ target: 'a', payload: String(i) });
    await got.reaches(1);
    const stopped = subscription.stop();
    got.items[0]?.();
    await stopped;
    await roundTrips(connection);
    assert.deepEqual(wire.acknowledged(), cleanSession ? [1, 2, 3] : [1]);
  }
});

test('no more than maxUnacknowledged handlers are under way', async (t) => {
  const { url } = await mosquitto(t);
  const { connection } = await open(t, { url });
  const got = new Collector<() => void>();
  await connection.consumer.consume('a', () => new Promise((resolve) => got.add(resolve)), { maxUnacknowledged: 3 });
  const other = new Collector<string>();
  await connection.consumer.consume('b', async (message) => other.add(textOf(message)));
  for (let i = 0; i < 8; i++) await connection.producer.produce({ target: 'a', payload: String(i) });
  await connection.producer.produce({ target: 'b', payload: 'all eight are here' });
  await other.reaches(1);
  assert.equal(got.items.length, 3);
  got.items[0]?.();
  await got.reaches(4);
  assert.equal(got.items.length, 4);
});

test('a message whose handler rejects is handed over again, as redelivered, and holds up no other', async (t) => {
  const { url } = await mosquitto(t);
  const { connection } = await open(t, { url });
  const got = new Collector<string>();
  await connection.consumer.consume('a', async (message) => {
    got.add(`${textOf(message)} ${message.redelivered}`);
    if (textOf(message) === 'bad' && !message.redelivered) throw new Error('not now');
  });
  await connection.producer.produce({ target: 'a', payload: 'bad' });
  await connection.producer.produce({ target: 'a', payload: 'good' });
  await got.reaches(3);
  assert.deepEqual(got.items, ['bad false', 'good false', 'bad true']);
});

test('a kept session delivers what was not handled to the next connection', async (t) => {
  const server = await mosquitto(t);
  const kept = { url: server.url, clientId: 'kept', cleanSession: false };
  const first = await open(t, kept);
  const got = new Collector<string>();
  const subscription = await first.connection.consumer.consume('a', async (message) => {
    got.add(textOf(message));
    if (textOf(message) !== '0') throw new Error('not now');
  });
  for (let i = 0; i < 3; i++) await first.connection.producer.produce({ target: 'a', payload: String(i) });
  await got.reaches(3);
  await subscription.stop();
  await first.connector.disconnect();
  const { connection } = await open(t, { url: server.url });
  await connection.producer.produce({ target: 'a', payload: 'while away' });

  const again = new Collector<string>();
  const second = await open(t, kept);
  // the server may send before anybody has subscribed anew: a round trip makes sure that it has
  await second.connector.isConnected();
  await second.connection.consumer.consume('a', async (message) =>
    again.add(`${textOf(message)} ${message.redelivered}`),
  );
  await again.reaches(3);
  assert.deepEqual(again.items, ['1 true', '2 true', 'while away false']);
});

test('stop takes no further messages, and waits for the handlers under way', async (t) => {
  const { url } = await mosquitto(t);
  const { connection } = await open(t, { url });
  const got = new Collector<() => void>();
  const handle = (): Promise<void> => new Promise((resolve) => got.add(resolve));
  const subscription = await connection.consumer.consume('a', handle, { maxUnacknowledged: 1 });
  const other = new Collector<string>();
  await connection.consumer.consume('+', async (message) => other.add(textOf(message)));
  for (const payload of ['1', '2']) await connection.producer.produce({ target: 'a', payload });
  await got.reaches(1);
  let stopped = false;
  const stopping = subscription.stop().then(() => (stopped = true));
  await connection.producer.produce({ target: 'a', payload: '3' });
  await other.reaches(3);
  assert.equal(stopped, false);
  got.items[0]?.();
  await stopping;
  await connection.producer.produce({ target: 'a', payload: '4' });
  await other.reaches(4);
  assert.equal(got.items.length, 1);
  await subscription.stop();
});

test('stop comes to an end while a handler fails again and again, and after the connection is lost', async (t) => {
  const server = await mosquitto(t);
  const { connection, lost } = await open(t, { url: server.url });
  const got = new Collector<true>();
  const subscription = await connection.consumer.consume('a', async () => {
    got.add(true);
    throw new Error('never');
  });
  const other = await connection.consumer.consume('b', async () => {});
  await connection.producer.produce({ target: 'a', payload: '' });
  await got.reaches(1);
  await subscription.stop();
  await server.stop();
  await lost;
  await other.stop();
});

test('a subscription that cannot be is refused, and says why', async (t) => {
  const server = await mosquitto(t);
  const { connection, lost } = await open(t, { url: server.url });
  const refused = await rejection(connection.consumer.consume('a#', async () => {}));
  assert.match(refused.message, /^cannot subscribe to "a#": the wildcards/);
  server.freeze();
  const pending = rejection(connection.consumer.consume('a', async () => {}));
  await server.stop();
  await lost;
  assert.equal(((await pending) as SputnikError).code, 'CONNECTION_LOST');
  const late = await rejection(connection.consumer.consume('a', async () => {}));
  assert.equal((late as SputnikError).code, 'CONNECTION_LOST');
});

test('a subscription that the server does not grant is an error, and the connection goes on', async (t) => {
  const broker = await Aedes.createBroker({
    authorizeSubscribe: (_client, subscription, done) =>
      done(null, subscription.topic === 'secret' ? null : subscription),
  });
  t.after(() => new Promise<void>((resolve) => broker.close(resolve)));
  const server = createServer(broker.handle).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { connection } = await open(t, { url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}` });
  const denied = await rejection(connection.consumer.consume('secret', async () => {}));
  assert.equal(denied.message, 'the server refuses the subscription to "secret"; may the user read it?');
  const got = new Collector<string>();
  await connection.consumer.consume('open', async (message) => got.add(textOf(message)));
  await connection.producer.produce({ target: 'open', payload: 'x' });
  await got.reaches(1);
});

test('of messages of QoS 0 a bounded number waits for a slow handler, the others are dropped and counted', async (t) => {
  const server = await mosquitto(t);
  const log = new MemoryLog();
  const { connection } = await open(t, { url: server.url }, log);
  const got = new Collector<() => void>();
  await connection.consumer.consume('a', () => new Promise((resolve) => got.add(resolve)), { maxUnacknowledged: 1 });
  const last = new Collector<true>();
  await connection.consumer.consume('b', async () => last.add(true));
  const publisher = createConnection(server.port, '127.0.0.1');
  t.after(() => publisher.destroy());
  const connect = Buffer.from([0x10, 13, 0, 4, ...Buffer.from('MQTT'), 4, 2, 0, 0, 0, 1, 112]);
  const publish = (topic: string): Buffer => Buffer.from([0x30, 3, 0, 1, ...Buffer.from(topic)]);
  publisher.write(Buffer.concat([connect, ...Array.from({ length: 3000 }, () => publish('a')), publish('b')]));
  await last.reaches(1);
  for (let i = 0; i < 1001; i++) {
    await got.reaches(i + 1);
    got.items[i]?.();
  }
  await roundTrips(connection);
  assert.equal(got.items.length, 1001);
  assert.equal(connection.dropped, 1999);
  assert.deepEqual(
    log.lines.map(({ fields }) => fields),
    [{ event: 'dropping', source: 'a' }],
  );
});
