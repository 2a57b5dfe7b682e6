import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { mosquitto, natsServer, rabbitmqServer, redisServer } from '@sputnikjs/testkit/servers';
import { Redis } from 'ioredis';
import { Connection } from 'rabbitmq-client';
import { spooling } from './spooling.js';
import { storedInJetStream, storedInRedis, type Stored } from './stored.js';
import { run, Subscriber } from './support.js';

const SPOOL = fileURLToPath(new URL('../../../packages/spool/bin/sputnik-spool.js', import.meta.url));

/** A message that a server refuses for good, and what it says. */
interface Refused {
  readonly target: string;
  readonly payload?: string;
  readonly reason: RegExp;
}

/**
 * Sends messages through a spool: one that the server refuses stands between two for the target `taken`. Each has to be accepted, the refused ones
 * are dead letters when it has landed, with what the server says, and nothing else is kept.
 */
async function assertKeptApart(
  t: TestContext,
  connector: Record<string, unknown>,
  refused: readonly Refused[],
  payloads: readonly string[],
): Promise<void> {
  const { satellite, path, post } = await spooling(t, connector);
  for (const [index, { target, payload = 'refused' }] of refused.entries()) {
    assert.equal(await post('taken', payloads[index] ?? ''), 202);
    assert.equal(await post(target, payload), 202);
  }
  assert.equal(await post('taken', payloads.at(-1) ?? ''), 202);
  // One connection after the other has to be cut at a message before it is given up; in a landing there is no other.
  const told = (): number => satellite.records('spoolRefused').reduce((sum, { count }) => sum + Number(count), 0);
  await satellite.until(() => told() === refused.length, 'refusals');
  satellite.process.kill('SIGTERM');
  assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
  assert.deepEqual(satellite.records('spoolKept'), []);
  const dead = (await run(t, process.execPath, SPOOL, 'export', path, '--dead')).split('\n').map((line) => {
    const { target, payload, headers } = JSON.parse(line) as Record<string, unknown>;
    return { target, payload, reason: (headers as Record<string, string>)['Spool-Reason'] ?? '' };
  });
  assert.deepEqual(
    dead.map(({ target, payload }) => [target, payload]),
    refused.map(({ target, payload = 'refused' }) => [target, payload]),
  );
  for (const [index, { reason }] of refused.entries()) assert.match(dead[index]?.reason ?? '', reason);
}

async function payloadsOf(stored: AsyncIterable<Stored>): Promise<readonly string[]> {
  const payloads: string[] = [];
  for await (const { payload } of stored) payloads.push(payload);
  return payloads;
}

const LARGE = 'x'.repeat(2_000);

test('D12: what JetStream refuses for good goes to the dead letters, and does not hold up what comes after it', async (t) => {
  const server = await natsServer(t, [
    'max_payload: 1000',
    'authorization { users: [ { user: me, password: mine, permissions: { publish: { deny: ["closed"] } } } ] }',
    'no_auth_user: me',
  ]);
  await server.start();
  const streams = [{ name: 'SPUTNIK', subjects: ['taken', 'closed'], storage: 'file' }];
  await assertKeptApart(
    t,
    { module: '@sputnikjs/connector-nats', url: server.url, streams },
    [
      { target: 'nowhere', reason: /no stream/ },
      { target: 'taken', payload: LARGE, reason: /max_payload|1000/ },
      { target: 'closed', reason: /closed/ },
    ],
    ['1', '2', '3', '4'],
  );
  assert.deepEqual(await payloadsOf(storedInJetStream(server)), ['1', '2', '3', '4']);
});

test('D12: what Redis refuses for good goes to the dead letters, and does not hold up what comes after it', async (t) => {
  const server = await redisServer(t, ['user me on >mine ~taken ~text +ping +xadd']);
  await server.start();
  const client = new Redis(server.port, '127.0.0.1');
  t.after(() => client.disconnect());
  await client.set('text', 'no stream');
  await assertKeptApart(
    t,
    { module: '@sputnikjs/connector-redis', url: server.url, username: 'me', password: 'mine' },
    [
      { target: 'text', reason: /WRONGTYPE .* choose another name/ },
      { target: 'closed', reason: /NOPERM .* give the user the permission/ },
    ],
    ['1', '2', '3'],
  );
  await client.del('text');
  assert.deepEqual(await payloadsOf(storedInRedis(server)), ['1', '2', '3']);
});

test('D12: what RabbitMQ refuses for good goes to the dead letters, and does not hold up what comes after it', async (t) => {
  const server = await rabbitmqServer(t, ['max_message_size = 1000']);
  await server.start();
  await assertKeptApart(
    t,
    { module: '@sputnikjs/connector-amqp', url: server.url, queues: [{ name: 'taken', type: 'classic' }] },
    [
      { target: 'nowhere', reason: /no queue takes messages for "nowhere"/ },
      { target: 'taken', payload: LARGE, reason: /has 2000 bytes; the server takes 1000 \(max_message_size\)/ },
    ],
    ['1', '2', '3'],
  );
  const client = new Connection(`amqp://guest:guest@127.0.0.1:${server.port}`);
  const stored: string[] = [];
  for (;;) {
    const message = await client.basicGet({ queue: 'taken', noAck: true });
    if (message === undefined) break;
    stored.push(String(message.body));
  }
  await client.close();
  assert.deepEqual(stored, ['1', '2', '3']);
});

test('D12: what an MQTT server cuts the connection at goes to the dead letters, and does not hold up what comes after it', async (t) => {
  const server = await mosquitto(t, ['allow_anonymous true', 'max_packet_size 1000']);
  await server.start();
  const subscriber = await Subscriber.to(t, server.port);
  await assertKeptApart(
    t,
    { module: '@sputnikjs/connector-mqtt', url: server.url, maxPacketBytes: 10_000 },
    [
      { target: 'taken/#', reason: /cannot publish to "taken\/#"/ },
      { target: 'taken', payload: 'x'.repeat(20_000), reason: /more than the 10000 of "maxPacketBytes"/ },
      { target: 'taken', payload: LARGE, reason: /gave up on the message for "taken" \(2000 bytes\)/ },
    ],
    ['1', '2', '3', '4'],
  );
  const last = (): number => subscriber.messages.filter((message) => message === 'taken 4').length;
  await subscriber.until(() => last() > 0, 'the last message');
  // what was under way when the connection was cut may be there twice
  assert.deepEqual([...new Set(subscriber.messages)], ['taken 1', 'taken 2', 'taken 3', 'taken 4']);
});
