import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { freePort, mosquitto, natsServer, type RealServer } from '@sputnikjs/testkit/servers';
import { folder, run, Satellite, Subscriber } from './support.js';

const SYSLOG = '@sputnikjs/adapter-syslog';

test('two syslog receivers with configurations and targets of their own fly in one process', async (t) => {
  const [broker, open, strict] = [await mosquitto(t), await freePort(), await freePort()];
  await broker.start();
  const cf = folder(t, {
    'blocks.json': [
      { name: 'producer' },
      { name: 'syslogproducer', module: SYSLOG },
      { name: 'syslogproducer', module: SYSLOG, responsibility: 'alarms' },
      { name: 'syslogreceiver', module: SYSLOG },
      { name: 'syslogreceiver', module: SYSLOG, responsibility: 'strict', needs: { publisher: 'alarms' } },
    ],
    'connector.json': { module: '@sputnikjs/connector-mqtt', url: broker.url },
    'syslogreceiver.json': { port: open },
    'syslogproducer.json': { target: 'logs/{facility}' },
    'strict.json': { port: strict, severityLevel: 3 },
    'alarms.json': { target: 'alarms', routing: 'alarmroutes' },
    'alarmroutes.json': [{ selector: 'kern', target: 'kernel' }],
  });
  const satellite = new Satellite(t, cf);
  await satellite.logs('connected');
  const subscriber = await Subscriber.to(t, broker.port);
  const log = (port: number, priority: string, text: string): Promise<string> =>
    run(t, 'logger', '-n', '127.0.0.1', '-P', `${port}`, '-T', '--octet-count', '-p', priority, text);
  await log(open, 'user.info', 'harmless');
  await log(strict, 'user.info', 'too harmless for the second receiver');
  await log(strict, 'user.err', 'alarm');
  await subscriber.until(() => subscriber.messages.length >= 2, 'two messages');
  satellite.process.kill('SIGTERM');
  assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
  assert.deepEqual(
    ['logs/user', 'alarms'].map((topic) => subscriber.payloads(topic).map(({ message }) => message)),
    [['harmless'], ['alarm']],
  );
  assert.equal(subscriber.messages.length, 2);
});

test('one process per adapter, or all in one: the same folders, and the same in the stream', async (t) => {
  const files = (server: RealServer): Record<string, unknown> => ({
    'connector.json': {
      module: '@sputnikjs/connector-nats',
      url: server.url,
      streams: [{ name: 'ALL', subjects: ['syslog', 'http.>'], storage: 'memory' }],
    },
  });
  const syslogBlocks = [
    { name: 'syslogproducer', module: SYSLOG },
    { name: 'syslogreceiver', module: SYSLOG },
  ];
  const httpBlocks = [{ name: 'httpgateway', module: '@sputnikjs/adapter-http' }];
  for (const composition of [[[...syslogBlocks, ...httpBlocks]], [syslogBlocks, httpBlocks]]) {
    const [server, syslog, http] = [await natsServer(t), await freePort(), await freePort()];
    await server.start();
    const satellites = composition.map((blocks) => {
      const cf = folder(t, { ...files(server), 'blocks.json': [{ name: 'producer' }, ...blocks] });
      return new Satellite(t, cf, { SYSLOGRECEIVER_PORT: `${syslog}`, HTTPGATEWAY_PORT: `${http}` });
    });
    await Promise.all(satellites.map((satellite) => satellite.logs('connected')));
    await run(t, 'logger', '-n', '127.0.0.1', '-P', `${syslog}`, '-T', '--octet-count', 'a log');
    await run(t, 'curl', '-sf', '-d', 'an order', `http://127.0.0.1:${http}/produce/http.orders`);
    for (const satellite of satellites) {
      satellite.process.kill('SIGTERM');
      assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
    }
    assert.deepEqual(await storedIn(server, 'ALL'), ['http.orders', 'syslog']);
  }
});

test('an Idempotency-Key, or the id of an event, has the server store once what a client sends twice, and the answer says so', async (t) => {
  const [server, http] = [await natsServer(t), await freePort()];
  await server.start();
  const cf = folder(t, {
    'blocks.json': [{ name: 'producer' }, { name: 'httpgateway', module: '@sputnikjs/adapter-http' }],
    'connector.json': {
      module: '@sputnikjs/connector-nats',
      url: server.url,
      streams: [{ name: 'ORDERS', subjects: ['orders.>'], storage: 'memory' }],
    },
  });
  const satellite = new Satellite(t, cf, { HTTPGATEWAY_PORT: `${http}` });
  await satellite.logs('connected');
  const post = (target: string, ...headers: readonly string[]): Promise<string> => {
    const url = `http://127.0.0.1:${http}/produce/${target}`;
    return run(t, 'curl', '-sf', '-d', '{}', ...headers.flatMap((header) => ['-H', header]), url);
  };
  const event = ['ce-specversion: 1.0', 'ce-type: order', 'ce-source: /shop', 'content-type: application/json'];
  const round = async (): Promise<readonly string[]> => [
    await post('orders.key', 'Idempotency-Key: 4711'),
    await post('orders.other', 'Idempotency-Key: 4711'),
    await post('orders.batch/batch', 'Idempotency-Key: 4711', 'content-type: application/x-ndjson'),
    await post('orders.batch', 'Idempotency-Key: 4711/0'),
    await post('orders.event', ...event, 'ce-id: 1'),
    await post('orders.plain'),
  ];
  assert.deepEqual(
    (await round()).filter((answer) => answer.includes('duplicate')),
    [],
  );
  const again = await round();
  assert.deepEqual(
    again.map((answer) => answer.includes('"duplicate":true')),
    [true, true, true, true, true, false],
  );
  await post('orders.event', ...event, 'ce-id: 2');
  satellite.process.kill('SIGTERM');
  assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
  const counted = ['batch', 'batch', 'event', 'event', 'key', 'other', 'plain', 'plain'].map((end) => `orders.${end}`);
  assert.deepEqual(await storedIn(server, 'ORDERS'), counted);
});

/** The subjects of the messages in a stream, sorted, as a client sees them that is not ours. */
async function storedIn({ url }: RealServer, stream: string): Promise<readonly string[]> {
  const client = await connect({ servers: url });
  try {
    const { messages } = (await (await jetstreamManager(client)).streams.info(stream)).state;
    const subjects: string[] = [];
    const consumer = await jetstream(client).consumers.get(stream);
    for await (const { subject } of await consumer.fetch({ max_messages: messages })) subjects.push(subject);
    return subjects.toSorted();
  } finally {
    await client.close();
  }
}
