import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SputnikError } from '@sputnikjs/core';
import type { MqttConnection } from '@sputnikjs/connector-mqtt';
import type { ConsumedMessage } from '@sputnikjs/sidecar';
import { Collector, connect, open, rejection } from './helpers.js';
import { mosquitto } from './mosquitto.js';

const text = ({ payload }: ConsumedMessage): string => Buffer.from(payload).toString();

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
      got.add(`${message.source} ${text(message)}`);
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
  await connection.consumer.consume('out', async (message) => got.add(text(message)));
  await connection.consumer.consume(
    'in',
    (message) => connection.producer.produce({ target: 'out', payload: message.payload }),
    { maxUnacknowledged: 1 },
  );
  for (let i = 0; i < 50; i++) await connection.producer.produce({ target: 'in', payload: String(i) });
  await got.reaches(50);
  assert.deepEqual(
    got.items,
    Array.from({ length: 50 }, (_, i) => String(i)),
  );
});

test('a message is acknowledged when its handler resolves, and not before', async (t) => {
  const server = await mosquitto(t, ['allow_anonymous true', 'max_inflight_messages 2']);
  const { connection } = await open(t, { url: server.url });
  const got = new Collector<() => void>();
  await connection.consumer.consume('a', () => new Promise((resolve) => got.add(resolve)));
  for (let i = 0; i < 5; i++) await connection.producer.produce({ target: 'a', payload: String(i) });
  await got.reaches(2);
  // the server sends no third before it has an acknowledgement
  await roundTrips(connection);
  assert.equal(got.items.length, 2);
  got.items[0]?.();
  await got.reaches(3);
  assert.equal(got.items.length, 3);
});

test('acknowledgements keep the order of the messages, whichever handler is ready first', async (t) => {
  const server = await mosquitto(t, ['allow_anonymous true', 'max_inflight_messages 2']);
  const { connection } = await open(t, { url: server.url });
  const got = new Collector<() => void>();
  await connection.consumer.consume('a', () => new Promise((resolve) => got.add(resolve)));
  for (let i = 0; i < 4; i++) await connection.producer.produce({ target: 'a', payload: String(i) });
  await got.reaches(2);
  got.items[1]?.();
  await roundTrips(connection);
  assert.equal(got.items.length, 2);
  got.items[0]?.();
  await got.reaches(4);
});

test('a message for several subscriptions is acknowledged when the last of their handlers is ready', async (t) => {
  const server = await mosquitto(t, [
    'allow_anonymous true',
    'max_inflight_messages 1',
    'allow_duplicate_messages false',
  ]);
  const { connection } = await open(t, { url: server.url });
  const got = new Collector<() => void>();
  for (const filter of ['a', '+'])
    await connection.consumer.consume(filter, () => new Promise((resolve) => got.add(resolve)));
  for (let i = 0; i < 2; i++) await connection.producer.produce({ target: 'a', payload: String(i) });
  await got.reaches(2);
  got.items[0]?.();
  await roundTrips(connection);
  assert.equal(got.items.length, 2);
  got.items[1]?.();
  await got.reaches(4);
});

test('no more than maxUnacknowledged handlers are under way', async (t) => {
  const { url } = await mosquitto(t);
  const { connection } = await open(t, { url });
  const got = new Collector<() => void>();
  await connection.consumer.consume('a', () => new Promise((resolve) => got.add(resolve)), { maxUnacknowledged: 3 });
  const other = new Collector<string>();
  await connection.consumer.consume('b', async (message) => other.add(text(message)));
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
    got.add(`${text(message)} ${message.redelivered}`);
    if (text(message) === 'bad' && !message.redelivered) throw new Error('not now');
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
    got.add(text(message));
    if (text(message) !== '0') throw new Error('not now');
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
    again.add(`${text(message)} ${message.redelivered}`),
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
  await connection.consumer.consume('+', async (message) => other.add(text(message)));
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
  await server.kill();
  await lost;
  await other.stop();
});

test('a subscription that cannot be is refused, and says why', async (t) => {
  const server = await mosquitto(t);
  const { connection, lost } = await open(t, { url: server.url });
  const refused = await rejection(connection.consumer.consume('a#', async () => {}));
  assert.match(refused.message, /^cannot subscribe to "a#": the wildcards/);
  server.process.kill('SIGSTOP');
  const pending = rejection(connection.consumer.consume('a', async () => {}));
  await server.kill();
  await lost;
  assert.equal(((await pending) as SputnikError).code, 'CONNECTION_LOST');
  const late = await rejection(connection.consumer.consume('a', async () => {}));
  assert.equal((late as SputnikError).code, 'CONNECTION_LOST');
});

test('messages that pile up in front of slow handlers end the connection before they fill the memory', async (t) => {
  const server = await mosquitto(t, ['allow_anonymous true', 'max_inflight_messages 0']);
  const slow = await open(t, { url: server.url });
  await slow.connection.consumer.consume('a', () => new Promise(() => {}), { maxUnacknowledged: 1 });
  const { connection } = await open(t, { url: server.url });
  const payload = Buffer.alloc(1024 * 1024);
  for (let i = 0; i < 40; i++) await connection.producer.produce({ target: 'a', payload });
  assert.match(((await slow.lost) as Error).message, /messages come faster than they are handled/);
  assert.ok((await connect(slow.connector)).connection);
});
