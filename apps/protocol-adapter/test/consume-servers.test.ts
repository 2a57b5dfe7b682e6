import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, natsServer } from '@sputnikjs/testkit/servers';
import { fourServers, land, memoryOf, payloadsOf, read, sayToNats, serve, STREAMS, unread } from './consuming.js';
import { run, Satellite, type Program } from './support.js';

test('what comes from each server is printed by curl, as lines and as events', async (t) => {
  for (const { name, server, source, connector, publish } of await fourServers(t)) {
    await server.start();
    const { satellite, port } = await serve(t, connector, source);
    const lines = await read(t, port, source, '-G', '-d', 'max=2');
    const events = await read(t, port, source, '-H', 'Accept: text/event-stream');
    await publish('one');
    await publish('zwei €');
    assert.equal((await lines.ended).code, 0);
    await events.until(() => payloadsOf(events).length === 2, 'both events');
    assert.deepEqual(
      [payloadsOf(lines), payloadsOf(events)],
      [
        ['one', 'zwei €'],
        ['one', 'zwei €'],
      ],
      name,
    );
    await land(satellite);
    // 18: the answer breaks off
    assert.equal((await events.ended).code, 0, name);
  }
});

test('what waits when the last reader leaves goes back to each server, and the next one gets it', async (t) => {
  const trials = (await fourServers(t)).map(async ({ name, server, source, connector, publish }) => {
    await server.start();
    const admin = await freePort();
    const { satellite, port } = await serve(t, connector, source, {}, { SPUTNIK_ADMIN_PORT: `${admin}` });
    const waiting = async (): Promise<number> => {
      const metrics = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
      return Number(/^sputnik_httpgateway_waiting_messages\S* (\d+)/m.exec(metrics)?.[1]);
    };
    const first = await read(t, port, source, '-G', '-d', 'max=1');
    for (let n = 0; n < 8; n++) await publish(`${n}`);
    assert.equal((await first.ended).code, 0);
    while ((await waiting()) !== 0) await sleep(20);
    const second = await read(t, port, source, '-G', '-d', 'max=7');
    assert.equal((await second.ended).code, 0, name);
    assert.deepEqual(
      [...payloadsOf(first), ...payloadsOf(second)].map(String).toSorted(),
      ['0', '1', '2', '3', '4', '5', '6', '7'],
      name,
    );
    await land(satellite);
  });
  await Promise.all(trials);
});

test('conf/nats-consume prints to one curl what another one posts', async (t) => {
  const [server, port] = [await natsServer(t), await freePort()];
  await server.start();
  const satellite = new Satellite(t, fileURLToPath(new URL('../conf/nats-consume', import.meta.url)), {
    CONNECTOR_URL: server.url,
    HTTPGATEWAY_PORT: `${port}`,
    SPUTNIK_ADMIN_PORT: '0',
  });
  await satellite.logs('connected');
  const reader = await read(t, port, 'http.>', '-G', '-d', 'max=1');
  await run(t, 'curl', '-sf', '-d', '{"a":1}', `http://127.0.0.1:${port}/produce/http.orders`);
  assert.equal((await reader.ended).code, 0);
  assert.deepEqual(payloadsOf(reader), ['{"a":1}']);
  await land(satellite);
});

test('a server that is killed and started again goes on with those who read, and SIGTERM ends their answers', async (t) => {
  const server = await natsServer(t);
  await server.start();
  const connector = { module: '@sputnikjs/connector-nats', url: server.url, streams: STREAMS };
  const { satellite, port } = await serve(t, connector, 'news.>');
  const curls = [await read(t, port, 'news.>'), await read(t, port, 'news.>')];
  for (let n = 1; n <= 3; n++) {
    await sayToNats(server.port, ['news.eu', `${n}`]);
    for (const curl of curls) await curl.until(() => payloadsOf(curl).includes(`${n}`), `message ${n}`);
    await server.stop();
    await server.start();
    await satellite.logs('connected', n + 1);
  }
  await land(satellite);
  for (const curl of curls) {
    assert.equal((await curl.ended).code, 0);
    assert.deepEqual([...new Set(payloadsOf(curl))], ['1', '2', '3']);
  }
});

test('thousands who read nothing keep nobody from being served, and fill no memory', async (t) => {
  const server = await natsServer(t);
  await server.start();
  const connector = { module: '@sputnikjs/connector-nats', url: server.url, streams: STREAMS };
  const { satellite, port } = await serve(t, connector, 'news.>', { maxReaders: 50, readerTimeoutMs: 2_000 });
  const before = memoryOf(satellite);
  const sockets = await unread(t, port, 2_000, 'GET /consume/news.%3E HTTP/1.1\r\nhost: a\r\n\r\n');
  const text = 'x'.repeat(100_000);
  for (let n = 0; n < 200; n++) await sayToNats(server.port, ['news.eu', `${n} ${text}`]);
  const status = await run(
    t,
    'curl',
    '-s',
    '-o',
    '/dev/null',
    '-w',
    '%{http_code}',
    '-d',
    'x',
    `http://127.0.0.1:${port}/produce/news.eu`,
  );
  assert.equal(status, '202');
  await satellite.logs('readerCut');
  const after = memoryOf(satellite);
  t.diagnostic(`${sockets.length} readers: ${Math.round(before)} MB before, ${Math.round(after)} MB with them`);
  // fifty readers may hold 256 KiB each, and a message
  assert.ok(after - before < 150, `${after} MB`);
  for (const socket of sockets) socket.destroy();
  // somebody who reads gets what is there
  let curl: Program | undefined;
  while (curl === undefined) curl = await read(t, port, 'news.>', '-G', '-d', 'max=1').catch(() => sleep(100));
  assert.equal((await curl.ended).code, 0);
  assert.equal(payloadsOf(curl).length, 1);
  await land(satellite);
});
