import assert from 'node:assert/strict';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { freePort, mosquitto, natsServer } from '@sputnikjs/testkit/servers';
import { nestedFolder } from './bridge-folder.js';
import { amqpEnd, natsEnd, redisEnd } from './bridge-ends.js';
import { folder, Program, run, Satellite, Subscriber } from './support.js';

const CONF = fileURLToPath(new URL('../conf', import.meta.url));
const SPUTNIK = fileURLToPath(new URL('../../../packages/sidecar/bin/sputnik.js', import.meta.url));
const LOOK_MS = 25;

test('conf/bridge-mqtt-nats takes what sensors publish to a stream of NATS, and commands from there to MQTT', async (t) => {
  const [broker, server] = [await mosquitto(t), await natsServer(t)];
  await Promise.all([broker.start(), server.start()]);
  const satellite = new Satellite(t, join(CONF, 'bridge-mqtt-nats'), {
    MQTT_CONNECTOR_URL: broker.url,
    NATS_CONNECTOR_URL: server.url,
    SPUTNIK_ADMIN_PORT: '0',
  });
  await satellite.logs('connected', 2);
  const subscriber = await Subscriber.to(t, broker.port);
  const client = await connect({ servers: server.url });
  t.after(() => client.close());
  const { streams } = await jetstreamManager(client);
  const stored = async (seq: number): Promise<readonly [string, string] | undefined> => {
    const message = await streams.getMessage('BRIDGE', { seq }).catch(() => null);
    if (message === null) return undefined;
    return [message.subject, message.string()];
  };
  const reach = async (seq: number): Promise<unknown> => {
    for (let found; ; await new Promise((resolve) => setTimeout(resolve, LOOK_MS)))
      if ((found = await stored(seq)) !== undefined) return found;
  };
  const publish = (topic: string, body: string): Promise<string> =>
    run(t, 'mosquitto_pub', '-h', '127.0.0.1', '-p', `${broker.port}`, '-q', '1', '-t', topic, '-m', body);

  await publish('sensors/attic/temperature', '17.5');
  assert.deepEqual(await reach(1), ['sensors.attic.temperature', '17.5']);
  // a subject has no white space: the server would refuse it for good
  await publish('sensors/attic/of the roof', '18');
  assert.deepEqual(await reach(2), ['dead.mqtt', '18']);
  await publish('sensors/cellar', '12');
  assert.deepEqual(await reach(3), ['sensors.cellar', '12']);
  client.publish('commands.attic.window', 'open');
  await subscriber.until(() => subscriber.messages.includes('commands/attic/window open'), 'the command');
  satellite.process.kill('SIGTERM');
  assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
  assert.equal(satellite.records('bridgeRefused').length, 1);
});

test('check says where conf/bridge-mqtt-nats would send messages round in circles', async (t) => {
  const cf = join(folder(t), 'bridge');
  cpSync(join(CONF, 'bridge-mqtt-nats'), cf, { recursive: true });
  const down = { name: 'mqtt-nats', routes: [{ from: 'sensors.>', to: 'sensors/{1}' }], back: 'up' };
  writeFileSync(join(cf, 'down.json'), JSON.stringify(down));
  const check = new Program(t, process.execPath, [SPUTNIK, 'check', '--cf', cf]);
  assert.equal((await check.ended).code, 78);
  const circles = [...check.lines, ...check.errors].filter((line) => line.includes('would go in circles'));
  assert.equal(circles.length, 2, [...check.lines, ...check.errors].join('\n'));
});

test('conf/bridge-redis-amqp takes entries of a stream of Redis to a queue of RabbitMQ, with all that they have', async (t) => {
  const [redis, amqp] = [await redisEnd(t), await amqpEnd(t)];
  const satellite = new Satellite(t, join(CONF, 'bridge-redis-amqp'), {
    REDIS_CONNECTOR_URL: redis.server.url,
    AMQP_CONNECTOR_URL: amqp.server.url,
    SPUTNIK_ADMIN_PORT: '0',
  });
  await satellite.logs('connected', 2);
  await amqp.prepare([]);
  const mail = { body: '{"n":1}', contentType: 'text/x-order', id: '1', headers: { 'x-of': 'żółw' } };
  await redis.put('orders', mail);
  await redis.put('orders', { ...mail, headers: { 'x-large': 'x'.repeat(10_000) } });
  await redis.put('orders', { ...mail, id: '2' });
  const headers = { ...mail.headers, 'Sputnik-Bridges': 'redis-amqp' };
  assert.deepEqual(await amqp.take('orders', 2), [
    { ...mail, headers },
    { ...mail, id: '2', headers },
  ]);
  satellite.process.kill('SIGTERM');
  assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
  assert.equal(satellite.records('bridgeRefused').length, 1);
});

test('two bridges that lead round in a real circle send a message once: what the one has brought the other does not take back', async (t) => {
  const [nats, redis, admin] = [await natsEnd(t), await redisEnd(t), await freePort()];
  await nats.prepare([]);
  const side = (connector: object, receiver: string): Record<string, unknown> => ({
    'blocks.json': [{ name: 'producer' }, { name: 'consumer', needs: { receiver } }],
    'connector.json': connector,
  });
  const cf = nestedFolder(t, {
    '': {
      'blocks.json': [
        { satellite: 'nats' },
        { name: 'bridge', responsibility: 'there', needs: { producer: 'redis/producer' } },
        { name: 'bridge', responsibility: 'back', needs: { producer: 'nats/producer' } },
        { satellite: 'redis' },
      ],
      'sputnik.json': { admin: { port: admin } },
      'there.json': { name: 'pair', routes: [{ from: 'out.*', to: 'out:{1}' }] },
      'back.json': { name: 'pair', routes: [{ from: 'out:*', to: 'out.{1}' }] },
    },
    nats: { ...side(nats.connector, 'there'), 'consumer.json': { source: 'out.*' } },
    redis: { ...side(redis.connector, 'back'), 'consumer.json': { source: 'out:a' } },
  });
  const satellite = new Satellite(t, cf);
  await satellite.logs('connected', 2);
  const counted = async (what: string): Promise<number> => {
    const text = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
    return Number(new RegExp(`^\\w+_${what}\\{.*block="back".*\\} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
  };
  await nats.put('out.a', { body: 'once' });
  while ((await counted('circling_total')) + (await counted('passed_total')) === 0)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  // what comes behind it has passed the same way
  await nats.put('out.a', { body: 'last' });
  while ((await counted('circling_total')) + (await counted('passed_total')) < 2)
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  const bodies = async (end: typeof nats, name: string): Promise<readonly string[]> =>
    (await end.take(name, 2)).map(({ body }) => body);
  assert.deepEqual(await bodies(nats, 'out.a'), ['once', 'last']);
  assert.deepEqual(await bodies(redis, 'out:a'), ['once', 'last']);
  satellite.process.kill('SIGTERM');
  assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
});
