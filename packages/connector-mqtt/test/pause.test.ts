import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection, createServer, type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as realTime } from 'node:timers/promises';
import type { MqttConnection } from '@sputnikjs/connector-mqtt';
import { Collector, gate } from '@sputnikjs/testkit';
import { open } from './helpers.js';
import { mosquitto } from './mosquitto.js';

const MIB = 1024 * 1024;
/** This process publishes, too, and on a loaded machine it may not get to a ping for seconds. */
const KEEPALIVE_S = 5;

/** Stands before a server, and counts what passes to the client. */
async function counter(t: TestContext, port: number) {
  const counted = { bytes: 0, url: '' };
  const server = createServer((client) => {
    const upstream = createConnection(port, '127.0.0.1');
    upstream.on('data', ({ length }) => (counted.bytes += length));
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      from.pipe(to);
      from.on('error', () => to.destroy());
      from.on('close', () => to.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  counted.url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return counted;
}

/** Publishes so many messages of a megabyte. */
async function publish({ producer }: MqttConnection, count: number): Promise<void> {
  const sent = Array.from({ length: count }, (_, n) => {
    const payload = Buffer.alloc(MIB);
    payload.writeUInt32BE(n);
    return producer.produce({ target: 'a', payload });
  });
  await Promise.all(sent);
}

/** Resolves when more has passed than waits for handlers; rejects if the connection is lost before. */
async function filled(
  passed: { readonly bytes: number },
  lost: Promise<unknown>,
  produce: () => Promise<unknown>,
): Promise<void> {
  let why: unknown;
  void lost.then((reason) => (why = reason ?? 'no reason given'));
  while (passed.bytes < 33 * MIB) {
    assert.equal(why, undefined, `lost after ${passed.bytes} bytes: ${String(why)}`);
    await produce();
  }
}

test('while more than 32 MiB wait for handlers no more is read; the connection stays, and every message comes once', async (t) => {
  const server = await mosquitto(t, ['allow_anonymous true', 'max_inflight_messages 0']);
  const passed = await counter(t, server.port);
  const slow = await open(t, { url: passed.url, keepaliveSeconds: KEEPALIVE_S });
  const [go, got] = [gate(), new Collector<number>()];
  await slow.connection.consumer.consume(
    'a',
    async ({ payload, redelivered }) => {
      await go.passed;
      got.add(redelivered ? -1 : Buffer.from(payload).readUInt32BE());
    },
    { maxUnacknowledged: 1 },
  );
  const { connection } = await open(t, { url: server.url });
  await publish(connection, 120);
  await filled(passed, slow.lost, async () => connection.producer.produce({ target: 'b', payload: 'x' }));
  // longer than the server waits for a sign of life, and than reading all of it would take
  await realTime(2_000 * KEEPALIVE_S);
  t.diagnostic(`${Math.round(passed.bytes / MIB)} of 120 MiB passed`);
  assert.ok(passed.bytes < 80 * MIB, `${passed.bytes} bytes`);
  assert.equal(await slow.connector.isConnected(), true, 'it is alive');
  go.open();
  await got.reaches(120);
  assert.deepEqual(
    got.items,
    Array.from({ length: 120 }, (_, n) => n),
  );
  assert.equal(await Promise.race([slow.lost, realTime(0, 'kept')]), 'kept');
});

test('a message that alone is larger than that is handled like any other', async (t) => {
  const server = await mosquitto(t, ['allow_anonymous true']);
  const slow = await open(t, { url: server.url });
  const got = new Collector<number>();
  await slow.connection.consumer.consume('a', async ({ payload }) => got.add(payload.length));
  const { connection } = await open(t, { url: server.url });
  for (const size of [40 * MIB, 1, 40 * MIB, 2])
    await connection.producer.produce({ target: 'a', payload: Buffer.alloc(size) });
  await got.reaches(4);
  assert.deepEqual(got.items, [40 * MIB, 1, 40 * MIB, 2]);
  assert.equal(await Promise.race([slow.lost, realTime(0, 'kept')]), 'kept');
});

test('handlers that wait for what is not read count as no sign of life, so that the connection ends, and not the satellite', async (t) => {
  const server = await mosquitto(t, ['allow_anonymous true', 'max_inflight_messages 0']);
  const passed = await counter(t, server.port);
  const slow = await open(t, { url: passed.url, keepaliveSeconds: 1 });
  const full = gate();
  const { producer, consumer } = slow.connection;
  await consumer.consume(
    'a',
    async () => {
      await full.passed;
      await producer.produce({ target: 'b', payload: 'x' });
    },
    { maxUnacknowledged: 1 },
  );
  const { connection } = await open(t, { url: server.url });
  await publish(connection, 120);
  await filled(passed, slow.lost, async () => connection.producer.produce({ target: 'c', payload: 'x' }));
  full.open();
  assert.match(((await slow.lost) as Error).message, /Keepalive timeout/);
});
