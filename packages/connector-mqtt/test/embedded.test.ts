import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { SputnikError } from '@sputnikjs/core';
import type { MessagingConnection } from '@sputnikjs/sidecar';
import { Collector, connect, freePort, makeConnector, open, rejection } from './helpers.js';
import { mosquittoSub } from './mosquitto.js';
import { RawSubscriber } from './raw-subscriber.js';

const embedded = { embedded: true, port: 0 };

function portOf({ url }: { readonly url: string }): number {
  return Number(new URL(url).port);
}

test('the embedded broker listens from start on, and serves the connector and others alike', async (t) => {
  const port = await freePort();
  const connector = makeConnector(t, { embedded: true, port });
  await connector.start?.();
  const sub = await mosquittoSub(t, port, ['-q', '1', '-t', 'a/#', '-C', '3']);
  const { connection } = await connect(connector);
  assert.equal(connection.url, `mqtt://127.0.0.1:${port}`);
  assert.equal(await connector.isConnected(), true);
  const got = new Collector<string>();
  await connection.consumer.consume('a/+', async ({ payload }) => got.add(Buffer.from(payload).toString()));
  for (const payload of ['1', '2', '3']) await connection.producer.produce({ target: 'a/b', payload });
  await got.reaches(3);
  await sub.exit;
  assert.deepEqual(sub.lines, ['1', '2', '3']);
});

test('a port in use is a start failure that names it, and a later start can succeed', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const connector = makeConnector(t, { embedded: true, port });
  const error = await rejection(Promise.resolve(connector.start?.()));
  assert.equal(
    error.message,
    `the embedded MQTT broker cannot listen on 127.0.0.1:${port}: the port is in use; set "port" to another`,
  );
  other.close();
  await once(other, 'close');
  await connector.start?.();
  assert.equal(portOf((await connect(connector)).connection), port);
});

test('the broker survives reconnects, with what it keeps', async (t) => {
  const { connector, connection, lost } = await open(t, { ...embedded, clientId: 'own' });
  // another client with our id has the broker end our connection
  const rival = new RawSubscriber(t, portOf(connection), 'own', '');
  assert.equal(((await lost) as SputnikError).code, 'CONNECTION_LOST');
  rival.socket.destroy();
  const again = await connect(connector);
  assert.equal(again.connection.url, connection.url);
  await again.connection.producer.produce({ target: 'a', payload: 'x' });
});

test('username and password of the configuration are asked of every client', async (t) => {
  const { connection } = await open(t, { ...embedded, username: 'me', password: 'secret' });
  const url = connection.url;
  await open(t, { url, username: 'me', password: 'secret' });
  for (const login of [
    {},
    { username: 'me', password: 'wrong' },
    { username: 'you', password: 'secret' },
    { username: 'me' },
  ])
    assert.match(
      (await rejection(connect(makeConnector(t, { url, ...login })))).message,
      /Bad username or password; check/,
    );
});

test('a slow subscriber gets everything before the landing ends, whatever its session', async (t) => {
  for (const cleanSession of [true, false]) {
    const { connector, connection } = await open(t, embedded);
    const slow = new RawSubscriber(t, portOf(connection), 'slow', 'a', cleanSession);
    await slow.subscribed.reaches(1);
    slow.socket.pause();
    const sent = Array.from({ length: 300 }, (_, i) => `${i} ${'x'.repeat(1000)}`);
    await Promise.all(sent.map((payload) => connection.producer.produce({ target: 'a', payload })));
    assert.equal(slow.received.items.length, 0);
    const landing = Promise.resolve(connector.disconnect());
    const reading = setInterval(() => {
      slow.socket.resume();
      setImmediate(() => slow.socket.pause());
    }, 20);
    t.after(() => clearInterval(reading));
    await landing;
    clearInterval(reading);
    assert.deepEqual(slow.received.items, sent);
  }
});

test('mosquitto_sub gets everything that was produced right before the landing', async (t) => {
  for (const session of [['-c', '-i', 'kept'], []]) {
    const { connector, connection } = await open(t, embedded);
    const sub = await mosquittoSub(t, portOf(connection), ['-q', '1', '-t', '#', ...session]);
    const sent = Array.from({ length: 5000 }, (_, i) => `${i}`);
    await Promise.all(sent.map((payload) => connection.producer.produce({ target: 'a', payload })));
    await connector.disconnect();
    sub.process.kill('SIGTERM');
    await sub.exit;
    assert.deepEqual(sub.lines, sent);
  }
});

test('a subscriber that takes nothing holds the landing no longer than the bound, and what is left is told', async (t) => {
  for (const cleanSession of [true, false]) {
    const { connector, connection } = await open(t, embedded);
    const stalled = new RawSubscriber(t, portOf(connection), 'stalled', 'a', cleanSession);
    stalled.acknowledges = false;
    await stalled.subscribed.reaches(1);
    for (const payload of ['1', '2', '3']) await connection.producer.produce({ target: 'a', payload });
    const error = await rejection(Promise.resolve(connector.disconnect()));
    const what = cleanSession ? '3 that client "stalled" has not acknowledged' : '3 kept for client "stalled"';
    assert.equal(error.message, `the embedded MQTT broker ended and messages were left: ${what}`);
  }
});

test('messages kept for a client that is away are delivered when it comes back, and told when it does not', async (t) => {
  const { connector, connection } = await open(t, embedded);
  const port = portOf(connection);
  const first = new RawSubscriber(t, port, 'kept', 'a', false);
  first.acknowledges = false;
  await first.subscribed.reaches(1);
  await connection.producer.produce({ target: 'a', payload: '1' });
  await first.received.reaches(1);
  first.socket.destroy();
  for (const payload of ['2', '3']) await connection.producer.produce({ target: 'a', payload });
  const back = new RawSubscriber(t, port, 'kept', '', false);
  await back.received.reaches(3);
  assert.deepEqual(back.received.items, ['1', '2', '3']);
  back.socket.end();
  await once(back.socket, 'close');
  await connection.producer.produce({ target: 'a', payload: '4' });
  const error = await rejection(Promise.resolve(connector.disconnect()));
  assert.match(error.message, /: 1 kept for client "kept"$/);
});

test('the landing takes no new clients, and no further messages', async (t) => {
  const { connector, connection } = await open(t, embedded);
  const { url } = connection;
  const other = await open(t, { url });
  const stalled = new RawSubscriber(t, portOf(connection), 'stalled', 'a');
  stalled.acknowledges = false;
  await stalled.subscribed.reaches(1);
  await connection.producer.produce({ target: 'a', payload: '1' });
  let landed = false;
  const landing = rejection(Promise.resolve(connector.disconnect()).finally(() => (landed = true)));
  // our own connection ends first
  await rejection(connection.producer.produce({ target: 'a', payload: '2' }));
  const refused = await rejection(
    untilRejected(() => other.connection.producer.produce({ target: 'a', payload: '3' })),
  );
  assert.equal((refused as SputnikError).code, 'CONNECTION_LOST');
  assert.match((await rejection(connect(makeConnector(t, { url })))).message, /ECONNREFUSED/);
  assert.equal(landed, false);
  await landing;
});

async function untilRejected(produce: () => Promise<void>): Promise<never> {
  for (;;) await produce();
}

test('a stalled subscriber does not hold up those who publish to others, and is disconnected in the end', async (t) => {
  const { connection } = await open(t, embedded);
  const stalled = new RawSubscriber(t, portOf(connection), 'stalled', 'a');
  await stalled.subscribed.reaches(1);
  stalled.socket.pause();
  const second = await open(t, { url: connection.url });
  let taken = 0;
  const produce = async ({ producer }: MessagingConnection, bytes: number): Promise<void> => {
    await producer.produce({ target: 'a', payload: Buffer.alloc(bytes) });
    taken++;
  };
  // more than the sockets' buffers take, and then many that wait
  const flood = [
    ...Array.from({ length: 20 }, () => produce(connection, 1024 * 1024)),
    ...Array.from({ length: 5000 }, () => produce(second.connection, 10)),
  ];
  const other = await open(t, { url: connection.url });
  for (let still = 0, before = -1; still < 50; still = taken === before ? still + 1 : 0) {
    before = taken;
    await other.connection.producer.produce({ target: 'b', payload: 'x' });
  }
  assert.ok(taken < flood.length, 'the flood has stopped, and nothing else');
  await Promise.all(flood);
  const closed = new Promise((resolve) => stalled.socket.once('close', resolve));
  stalled.socket.resume();
  await closed;
  assert.ok(stalled.received.items.length < flood.length);
});
