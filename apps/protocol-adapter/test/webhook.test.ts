import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { freePort, mosquitto, natsServer, rabbitmqServer, redisServer } from '@sputnikjs/testkit/servers';
import { Connection } from 'rabbitmq-client';
import { folder, run, Satellite } from './support.js';
import { SECRET, WebhookReceiver } from './webhook-receiver.js';

const CONF = fileURLToPath(new URL('../conf/nats-webhook', import.meta.url));

async function land(satellite: Satellite): Promise<void> {
  satellite.process.kill('SIGTERM');
  assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
}

test('conf/nats-webhook: what curl posts comes signed to a receiver in Python; what that refuses is a dead letter in the stream', async (t) => {
  const [server, receiver, http] = [await natsServer(t), await WebhookReceiver.start(t), await freePort()];
  await server.start();
  const secretFile = join(folder(t), 'webhook.secret');
  writeFileSync(secretFile, `${SECRET}\n`, { mode: 0o600 });
  const satellite = new Satellite(t, CONF, {
    CONNECTOR_URL: server.url,
    HTTPGATEWAY_PORT: `${http}`,
    SPUTNIK_ADMIN_PORT: '0',
    WEBHOOK_URL: receiver.url,
    WEBHOOK_SECRET_FILE: secretFile,
  });
  await satellite.logs('connected');
  const post = (target: string, body: string, ...headers: readonly string[]): Promise<string> =>
    run(
      t,
      'curl',
      '-sf',
      '-d',
      body,
      ...headers.flatMap((header) => ['-H', header]),
      `http://127.0.0.1:${http}/produce/${target}`,
    );
  await post('hooks.plain', 'hello', 'Content-Type: text/plain', 'Idempotency-Key: k1');
  await receiver.came(1);
  await post(
    'hooks.event',
    '{"a":1}',
    'Content-Type: application/json',
    'ce-specversion: 1.0',
    'ce-id: 1',
    'ce-source: /shop',
    'ce-type: order',
    'ce-subject: Gr%C3%BC%C3%9Fe',
  );
  await receiver.came(2);
  await post('hooks.bad', 'refuse me');
  const [plain, event, refused] = await receiver.came(3);
  assert.deepEqual([plain?.status, plain?.body, plain?.headers['content-type']], [204, 'hello', 'text/plain']);
  assert.deepEqual([plain?.headers['ce-source'], plain?.headers['ce-type']], ['/hooks.plain', 'sputnik.message']);
  assert.deepEqual(
    ['id', 'source', 'type', 'subject'].map((name) => event?.headers[`ce-${name}`]),
    ['1', '/shop', 'order', 'Gr%C3%BC%C3%9Fe'],
  );
  assert.deepEqual([event?.status, event?.body, refused?.status], [204, '{"a":1}', 410]);
  const client = await connect({ servers: server.url });
  t.after(() => client.close());
  const consumer = await jetstream(client).consumers.get('HOOKS', { filter_subjects: 'dead.hooks' });
  const letter = await consumer.next();
  assert.equal(letter?.string(), 'refuse me');
  assert.equal(letter?.headers?.get('Webhook-Reason'), 'the answer was 410');
  await land(satellite);
  const { ack_floor, num_ack_pending, num_pending } = await (
    await jetstreamManager(client)
  ).consumers.info('HOOKS', 'sputnik-hooks_all');
  assert.deepEqual([ack_floor.stream_seq > 0, num_ack_pending, num_pending], [true, 0, 0]);
});

/** A folder with a webhook behind a consumer of a server. */
function conf(t: TestContext, receiver: WebhookReceiver, connector: object, source: string): string {
  return folder(t, {
    'blocks.json': [
      { name: 'producer' },
      { name: 'webhook', module: '@sputnikjs/adapter-webhook' },
      { name: 'consumer' },
    ],
    'connector.json': connector,
    'consumer.json': { source },
    'webhook.json': { url: receiver.url, secret: SECRET, allowedNetworks: ['127.0.0.1'] },
  });
}

test('what mosquitto_pub publishes comes to a receiver', async (t) => {
  const [server, receiver] = [await mosquitto(t), await WebhookReceiver.start(t)];
  await server.start();
  const connector = { module: '@sputnikjs/connector-mqtt', url: server.url };
  const satellite = new Satellite(t, conf(t, receiver, connector, 'sensors/#'));
  await satellite.logs('connected');
  const publish = (): Promise<string> =>
    run(t, 'mosquitto_pub', '-h', '127.0.0.1', '-p', `${server.port}`, '-q', '1', '-t', 'sensors/attic', '-m', '21.5');
  // its subscription is not there before it is connected; nothing tells when it is
  while (receiver.noted.length === 0) {
    await publish();
    await sleep(100);
  }
  const [noted] = receiver.noted;
  assert.deepEqual([noted?.status, noted?.body, noted?.headers['ce-source']], [204, '21.5', '/sensors/attic']);
  await land(satellite);
});

test('what redis-cli adds comes to a receiver, and a header cannot break out of its line', async (t) => {
  const [server, receiver] = [await redisServer(t), await WebhookReceiver.start(t)];
  await server.start();
  const cli = (...args: string[]): Promise<string> => run(t, 'redis-cli', '-p', `${server.port}`, ...args);
  const headers = JSON.stringify({ 'ce-id': '1\r\nevil: 1', 'ce-x\r\nevil': '2' });
  await cli('XADD', 'orders', '*', 'payload', '{}', 'contentType', 'text/plain\r\nevil: 3', 'headers', headers);
  const connector = { module: '@sputnikjs/connector-redis', url: server.url };
  const satellite = new Satellite(t, conf(t, receiver, connector, 'orders'));
  const [noted] = await receiver.came(1);
  assert.deepEqual([noted?.status, noted?.body, noted?.headers['evil']], [204, '{}', undefined]);
  await land(satellite);
});

test('what a client of RabbitMQ publishes comes to a receiver', async (t) => {
  const [server, receiver] = [await rabbitmqServer(t), await WebhookReceiver.start(t)];
  await server.start();
  const connector = {
    module: '@sputnikjs/connector-amqp',
    url: server.url,
    queues: [{ name: 'orders', type: 'classic' }],
  };
  const satellite = new Satellite(t, conf(t, receiver, connector, 'orders'));
  await satellite.logs('connected');
  const client = new Connection(`amqp://guest:guest@127.0.0.1:${server.port}`);
  const publisher = client.createPublisher({ confirm: true });
  await publisher.send(
    { routingKey: 'orders', messageId: 'm1', contentType: 'application/json' },
    Buffer.from('{"a":1}'),
  );
  const [noted] = await receiver.came(1);
  await publisher.close();
  await client.close();
  assert.deepEqual([noted?.status, noted?.body, noted?.headers['ce-id']], [204, '{"a":1}', 'm1']);
  await land(satellite);
});

test('satellite, receiver and server are killed in turn: each message comes, with one id however often it comes', async (t) => {
  const COUNT = 2_000;
  const [server, receiver] = [await natsServer(t), await WebhookReceiver.start(t)];
  await server.start();
  const connector = {
    module: '@sputnikjs/connector-nats',
    url: server.url,
    streams: [{ name: 'ORDERS', subjects: ['orders.>'], storage: 'file' }],
  };
  const cf = conf(t, receiver, connector, 'orders.>');
  let satellite = new Satellite(t, cf);
  await satellite.logs('connected');
  const client = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
  t.after(() => client.close());
  const js = jetstream(client);
  for (let n = 0; n < COUNT; n++) await js.publish(`orders.${n % 50}`, `${n}`, { msgID: `m${n}` });
  for (const victim of ['satellite', 'receiver', 'server', 'satellite', 'receiver', 'server'] as const) {
    const before = receiver.noted.length;
    await receiver.came(Math.min(before + 100, COUNT));
    if (victim === 'satellite') {
      satellite.process.kill('SIGKILL');
      await satellite.ended;
      satellite = new Satellite(t, cf);
    } else {
      const killed = victim === 'server' ? server : receiver.server;
      await killed.stop();
      await killed.start();
    }
  }
  const bodies = (): Set<string> =>
    new Set(receiver.noted.filter(({ status }) => status === 204).map(({ body }) => body));
  while (bodies().size < COUNT) await sleep(100);
  const ids = new Map<string, Set<string | undefined>>();
  for (const { body, headers } of receiver.noted)
    ids.set(body, (ids.get(body) ?? new Set()).add(headers['webhook-id']));
  t.diagnostic(`${COUNT} messages: ${receiver.noted.length} requests, none missing`);
  assert.deepEqual(
    [...ids.values()].filter(({ size }) => size !== 1),
    [],
  );
  await land(satellite);
});
