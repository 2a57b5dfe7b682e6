import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { jetstream } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import {
  freePort,
  mosquitto,
  natsServer,
  rabbitmqServer,
  redisServer,
  type RealServer,
} from '@sputnikjs/testkit/servers';
import { Connection } from 'rabbitmq-client';
import { run, Satellite, spoolFolder, Subscriber } from './support.js';

/** Where the README's curl line sends to. */
const [, PATH = ''] =
  /^ {4}curl .* http:\/\/127\.0\.0\.1:18080(\/.*)$/m.exec(
    readFileSync(new URL('../README.md', import.meta.url), 'utf8'),
  ) ?? [];

/**
 * Runs a folder as it is shipped, but for the ports, and sends it a syslog message and a request by real clients. What comes
 * of the demo's curl line is told by the status `demo`.
 */
async function fly(
  t: TestContext,
  name: string,
  server: RealServer,
  demo: '202' | '502',
  variables: Record<string, string> = {},
): Promise<Satellite> {
  const [syslog, http] = [`${await freePort()}`, `${await freePort()}`];
  const satellite = new Satellite(t, fileURLToPath(new URL(`../conf/${name}`, import.meta.url)), {
    CONNECTOR_URL: server.url,
    SYSLOGRECEIVER_PORT: syslog,
    HTTPGATEWAY_PORT: http,
    SPUTNIK_ADMIN_PORT: '0',
    ...variables,
  });
  await satellite.logs('connected');
  await run(t, 'logger', '-n', '127.0.0.1', '-P', syslog, '-T', '--octet-count', '-t', 'laika', 'hello by syslog');
  const to = `http://127.0.0.1:${http}`;
  const post = (path: string): Promise<string> =>
    run(t, 'curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', '-d', 'hello by HTTP', `${to}${path}`);
  assert.equal(await post(PATH), '202');
  assert.equal(await post('/produce/orders'), demo);
  satellite.process.kill('SIGTERM');
  assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
  return satellite;
}

function assertArrived(syslog: string, http: string): void {
  const { content, message = content } = JSON.parse(syslog) as Record<string, unknown>;
  assert.equal(message, 'hello by syslog');
  assert.equal(http, 'hello by HTTP');
}

test('conf/nats puts syslog and HTTP into a stream of NATS JetStream', async (t) => {
  const server = await natsServer(t);
  await server.start();
  await fly(t, 'nats', server, '502');
  const client = await connect({ servers: server.url });
  t.after(() => client.close());
  const consumer = await jetstream(client).consumers.get('SPUTNIK');
  const payloads = new Map<string | undefined, string>();
  // either may be the first: who sends syslog does not wait until it is read
  for (const message of [await consumer.next(), await consumer.next()])
    payloads.set(message?.subject, message?.string() ?? '');
  assertArrived(payloads.get('syslog') ?? '', payloads.get('http.orders') ?? '');
});

test('conf/nats-spool does so as well, and keeps apart what the server refuses', async (t) => {
  const server = await natsServer(t);
  await server.start();
  const variables = { SPOOL_PATH: spoolFolder(t), SPOOL_FLUSH_AT_LANDING_MS: '10000' };
  const satellite = await fly(t, 'nats-spool', server, '202', variables);
  assert.deepEqual(
    satellite.records('spoolRefused').map(({ target }) => target),
    ['orders'],
  );
  const client = await connect({ servers: server.url });
  t.after(() => client.close());
  const consumer = await jetstream(client).consumers.get('SPUTNIK');
  const payloads = new Map<string | undefined, string>();
  for (const message of [await consumer.next(), await consumer.next()])
    payloads.set(message?.subject, message?.string() ?? '');
  assertArrived(payloads.get('syslog') ?? '', payloads.get('http.orders') ?? '');
});

test('conf/mqtt publishes syslog and HTTP on an MQTT server', async (t) => {
  const server = await mosquitto(t);
  await server.start();
  const subscriber = await Subscriber.to(t, server.port);
  await fly(t, 'mqtt', server, '202');
  await subscriber.until(() => subscriber.messages.length === 3, 'three messages');
  const payloadOf = (topic: string): string =>
    subscriber.messages.find((message) => message.startsWith(`${topic} `))?.slice(topic.length + 1) ?? '';
  assertArrived(payloadOf('syslog'), payloadOf('http.orders'));
});

test('conf/redis appends syslog and HTTP to streams of Redis', async (t) => {
  const server = await redisServer(t);
  await server.start();
  await fly(t, 'redis', server, '202');
  const payloadOf = async (stream: string): Promise<string> => {
    const entry = await run(t, 'redis-cli', '-p', `${server.port}`, '--json', 'XRANGE', stream, '-', '+');
    const [[, fields] = ['', []]] = JSON.parse(entry) as [string, string[]][];
    return fields[fields.indexOf('payload') + 1] ?? '';
  };
  assertArrived(await payloadOf('syslog'), await payloadOf('http.orders'));
});

test('conf/amqp puts syslog and HTTP into queues of RabbitMQ', async (t) => {
  const server = await rabbitmqServer(t);
  await server.start();
  await fly(t, 'amqp', server, '502');
  const client = new Connection(`amqp://guest:guest@127.0.0.1:${server.port}`);
  const payloadOf = async (queue: string): Promise<string> => {
    const body: unknown = (await client.basicGet({ queue, noAck: true }))?.body;
    // the library has parsed what says that it is JSON
    return Buffer.isBuffer(body) ? body.toString() : JSON.stringify(body);
  };
  const payloads = [await payloadOf('syslog'), await payloadOf('http.orders')] as const;
  // while there is a server
  await client.close();
  assertArrived(...payloads);
});
