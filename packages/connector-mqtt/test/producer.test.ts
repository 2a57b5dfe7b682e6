import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { SputnikError } from '@sputnikjs/core';
import { publishPacket } from '../dist/packets.js';
import { rejection } from '@sputnikjs/testkit';
import { open, temporaryFolder } from './helpers.js';
import { mosquitto, mosquittoSub } from './mosquitto.js';
import { tap } from './tap.js';

const PINGREQ = Buffer.from([0xc0, 0]);

test('messages arrive in the order of the calls, each resolved once the server has it', async (t) => {
  const { url, port } = await mosquitto(t);
  const count = 3000;
  const sub = await mosquittoSub(t, port, ['-q', '1', '-t', 'a/b', '-C', String(count)]);
  const { connection } = await open(t, { url, inFlight: 100 });
  const resolved: number[] = [];
  const produce = async (i: number): Promise<void> => {
    await connection.producer.produce({ target: 'a/b', payload: i % 2 === 0 ? String(i) : Buffer.from(String(i)) });
    resolved.push(i);
  };
  await Promise.all(Array.from({ length: count }, (_, i) => produce(i)));
  await sub.exit;
  const expected = Array.from({ length: count }, (_, i) => i);
  assert.deepEqual(sub.lines.map(Number), expected);
  assert.deepEqual(resolved, expected);
});

test('who gives headers or a content type hears that the server has the message without them', async (t) => {
  const { url } = await mosquitto(t);
  const { connection } = await open(t, { url });
  const produce = (more: object): Promise<unknown> =>
    connection.producer.produce({ target: 'a', payload: 'x', ...more });
  assert.deepEqual(await produce({ headers: { k: 'v' } }), { stripped: true });
  assert.deepEqual(await produce({ contentType: 'text/plain' }), { stripped: true });
  assert.equal(await produce({ id: '1' }), undefined);
});

test('a large message and an empty one arrive as they are', async (t) => {
  const { url, port } = await mosquitto(t);
  const sub = await mosquittoSub(t, port, ['-q', '1', '-t', '#', '-C', '2', '-F', '%t %l']);
  const { connection } = await open(t, { url });
  await connection.producer.produce({ target: 'großer/Brief', payload: Buffer.alloc(3_000_000, 'x') });
  await connection.producer.produce({ target: 'empty', payload: '' });
  await sub.exit;
  assert.deepEqual(sub.lines, ['großer/Brief 3000000', 'empty 0']);
});

test('a bad target is refused before anything is sent, and harms nothing else', async (t) => {
  const { url } = await mosquitto(t);
  const { connection, connector } = await open(t, { url });
  for (const target of ['', 'a/+', '#', 'a\0b', 'a\nb', '\uD800', '$SYS/a', 'x'.repeat(65_536), '/'.repeat(200)]) {
    const error = await rejection(connection.producer.produce({ target, payload: 'x' }));
    assert.match(error.message, /^cannot publish to "/);
    assert.ok(error.message.length < 400);
  }
  const error = await rejection(connection.producer.produce({ target: 'a', payload: Buffer.alloc(268_435_455) }));
  assert.match(error.message, /larger than/);
  await connection.producer.produce({ target: 'a', payload: 'x' });
  assert.equal(await connector.isConnected(), true);
});

test('a bad target is refused at once, though others wait for a server that does not answer', async (t) => {
  const server = await mosquitto(t);
  const { connection } = await open(t, { url: server.url, inFlight: 1 });
  server.freeze();
  const others = ['sent', 'waiting'].map((payload) => connection.producer.produce({ target: 'a', payload }));
  assert.match((await rejection(connection.producer.produce({ target: '#', payload: 'x' }))).message, /wildcards/);
  server.thaw();
  await Promise.all(others);
});

test('at most inFlight messages are unacknowledged, the others wait and keep their order', async (t) => {
  const server = await mosquitto(t);
  const sub = await mosquittoSub(t, server.port, ['-q', '1', '-t', 'a', '-C', '10']);
  const wire = await tap(t, server.port);
  const { connection, connector } = await open(t, { url: wire.url, inFlight: 3 });
  server.freeze();
  const before = wire.bytes();
  const all = Array.from({ length: 10 }, (_, i) =>
    connection.producer.produce({ target: 'a', payload: `${i}${'x'.repeat(100)}` }),
  );
  const heartbeat = Promise.resolve(connector.isConnected());
  await wire.endsWith(PINGREQ);
  assert.equal(wire.bytes() - before, 3 * publishPacket(1, 'a', `0${'x'.repeat(100)}`).length + PINGREQ.length);
  server.thaw();
  await Promise.all(all);
  assert.equal(await heartbeat, true);
  await sub.exit;
  assert.deepEqual(
    sub.lines.map((line) => Number(line[0])),
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
  );
});

test('what is pending when the server dies rejects with CONNECTION_LOST, sent or waiting', async (t) => {
  const server = await mosquitto(t);
  const { connection, lost } = await open(t, { url: server.url, inFlight: 5 });
  await connection.producer.produce({ target: 'a', payload: 'before' });
  server.freeze();
  const pending = Array.from({ length: 20 }, () =>
    rejection(connection.producer.produce({ target: 'a', payload: 'x' })),
  );
  await server.stop();
  await lost;
  for (const error of await Promise.all(pending)) assert.equal((error as SputnikError).code, 'CONNECTION_LOST');
  const late = await rejection(connection.producer.produce({ target: 'a', payload: 'after' }));
  assert.equal((late as SputnikError).code, 'CONNECTION_LOST');
});

test('what mosquitto drops by its rules is acknowledged all the same: MQTT 3.1.1 has no word for it', async (t) => {
  const acl = join(await temporaryFolder(t), 'acl');
  await writeFile(acl, 'topic readwrite open/#\n');
  const { url, port } = await mosquitto(t, ['allow_anonymous true', `acl_file ${acl}`, 'message_size_limit 1000']);
  const sub = await mosquittoSub(t, port, ['-q', '1', '-t', 'open/#', '-C', '1']);
  for (const [target, payload] of [
    ['closed', 'not allowed'],
    ['open/a', 'x'.repeat(1001)],
    ['open/a', 'small'],
  ] as const) {
    // each on its own: mosquitto 2.0.11 ends the connection afterwards
    const { connection } = await open(t, { url });
    await connection.producer.produce({ target, payload });
  }
  await sub.exit;
  assert.deepEqual(sub.lines, ['small']);
});

test('mosquitto ends the connection at a message that is larger than its max_packet_size', async (t) => {
  const { url } = await mosquitto(t, ['allow_anonymous true', 'max_packet_size 1000']);
  const { connection, lost } = await open(t, { url });
  const error = await rejection(connection.producer.produce({ target: 'a', payload: 'x'.repeat(1000) }));
  assert.equal((error as SputnikError).code, 'CONNECTION_LOST');
  assert.equal(await lost, error);
});
