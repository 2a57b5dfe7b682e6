import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, mosquitto, natsServer, rabbitmqServer, redisServer } from '@sputnikjs/testkit/servers';
import { Connection } from 'rabbitmq-client';
import { folder, Program, run, Satellite } from './support.js';

/** A satellite that serves a source of a server, and its HTTP port. */
async function serve(
  t: TestContext,
  connector: object,
  source: string,
  more: object = {},
  env: Record<string, string> = {},
) {
  const port = await freePort();
  const cf = folder(t, {
    'blocks.json': [{ name: 'producer' }, { name: 'httpgateway', module: '@sputnikjs/adapter-http' }],
    'connector.json': connector,
    'httpgateway.json': { port, consume: { sources: [source], ...more } },
  });
  const satellite = new Satellite(t, cf, env);
  await satellite.logs('connected');
  return { satellite, port };
}

/** Has curl consume; resolves when the answer has begun. */
async function read(t: TestContext, port: number, source: string, ...args: readonly string[]): Promise<Program> {
  const url = `http://127.0.0.1:${port}/consume/${encodeURIComponent(source)}`;
  const curl = new Program(t, 'curl', ['-sS', '-N', '-v', ...args, url]);
  await curl.until(() => curl.errors.some((line) => line.startsWith('< HTTP/1.1 200')), 'an answer');
  return curl;
}

/** The payloads that curl has printed, as lines or as events. */
const payloadsOf = ({ lines }: Program): readonly unknown[] =>
  lines
    .map((line) => line.replace(/^data: /, ''))
    .filter((line) => line.startsWith('{'))
    .map((line) => (JSON.parse(line) as { payload?: unknown }).payload);

async function land(satellite: Satellite): Promise<void> {
  satellite.process.kill('SIGTERM');
  assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
}

/** Says a line of the protocol of NATS to a server, and waits until it is done. */
async function sayToNats(port: number, ...messages: readonly (readonly [string, string])[]): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  const pubs = messages.map(([subject, text]) => `PUB ${subject} ${Buffer.byteLength(text)}\r\n${text}\r\n`);
  socket.write(`CONNECT {"verbose":false}\r\n${pubs.join('')}PING\r\n`);
  let said = '';
  for await (const bytes of socket) if ((said += String(bytes)).includes('PONG')) break;
  socket.destroy();
}

const STREAMS = [{ name: 'ALL', subjects: ['news.>'], storage: 'file' }];

/** The four servers, each with what a client of its own publishes there, and what a connector needs to consume that. */
async function fourServers(t: TestContext) {
  const servers = {
    nats: await natsServer(t),
    mqtt: await mosquitto(t),
    redis: await redisServer(t),
    amqp: await rabbitmqServer(t),
  };
  const publish: Readonly<Record<keyof typeof servers, (text: string) => Promise<unknown>>> = {
    nats: (text) => sayToNats(servers.nats.port, ['news.eu', text]),
    mqtt: (text) => run(t, 'mosquitto_pub', '-p', `${servers.mqtt.port}`, '-q', '1', '-t', 'news/eu', '-m', text),
    redis: (text) => run(t, 'redis-cli', '-p', `${servers.redis.port}`, 'XADD', 'news', '*', 'payload', text),
    async amqp(text) {
      const client = new Connection(`amqp://guest:guest@127.0.0.1:${servers.amqp.port}`);
      const publisher = client.createPublisher({ confirm: true });
      await publisher.send({ routingKey: 'news' }, Buffer.from(text));
      await publisher.close();
      await client.close();
    },
  };
  const facts = {
    nats: ['news.>', { streams: STREAMS }],
    // a kept session, since no other has messages wait for who comes later
    mqtt: ['news/#', { cleanSession: false, clientId: 'reader' }],
    redis: ['news', {}],
    amqp: ['news', { queues: [{ name: 'news', type: 'classic' }] }],
  } as const;
  return (['nats', 'mqtt', 'redis', 'amqp'] as const).map((name) => {
    const [source, more] = facts[name];
    const connector = { module: `@sputnikjs/connector-${name}`, url: servers[name].url, ...more };
    return { name, server: servers[name], source, connector, publish: publish[name] };
  });
}

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
  const memory = (): number =>
    Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${satellite.process.pid}/status`, 'utf8'))?.[1]) / 1024;
  const before = memory();
  const sockets: Socket[] = [];
  t.after(() => sockets.forEach((socket) => socket.destroy()));
  for (let batch = 0; batch < 20; batch++) {
    const opened = Array.from({ length: 100 }, () => connect(port, '127.0.0.1').on('error', () => {}));
    sockets.push(...opened);
    await Promise.all(opened.map((socket) => Promise.race([once(socket, 'connect'), once(socket, 'close')])));
    for (const socket of opened) {
      socket.pause();
      socket.write('GET /consume/news.%3E HTTP/1.1\r\nhost: a\r\n\r\n');
    }
  }
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
  const after = memory();
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
