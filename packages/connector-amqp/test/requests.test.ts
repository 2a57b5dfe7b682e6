import assert from 'node:assert/strict';
import { setTimeout as realTime } from 'node:timers/promises';
import { after, test } from 'node:test';
import { MemoryLog, rejection, textOf } from '@sputnikjs/testkit';
import { rabbitmqServer } from '@sputnikjs/testkit/servers';
import { addQueue, addUser, assertKept, open, permit, withPlain } from './helpers.js';

const server = await rabbitmqServer({ after });
await server.start();
const { port, url } = server;
let queues = 0;

async function newQueue(limits?: Record<string, unknown>): Promise<string> {
  const queue = `requests ${++queues}`;
  await addQueue(port, queue, limits);
  return queue;
}

/** How many messages wait in a queue. */
const waiting = (queue: string): Promise<number> =>
  withPlain(port, async (plain) => (await plain.queueDeclare({ queue, passive: true })).messageCount);

test('a request that nobody takes is gone from the server when its time is over', async (t) => {
  const [queue, { connection }] = [await newQueue(), await open(t, { url })];
  const request = rejection(connection.requester.request({ target: queue, payload: 'x', timeoutMs: 500 }));
  assert.equal((await request).code, 'ASK_TIMEOUT');
  for (let tries = 0; (await waiting(queue)) > 0; tries++) {
    assert.ok(tries < 200, 'the request still waits');
    await realTime(50);
  }
});

test('a request without a queue is told so at once', async (t) => {
  const { connection } = await open(t, { url });
  const error = await rejection(connection.requester.request({ target: 'no queue', payload: 'x', timeoutMs: 20_000 }));
  assert.equal(error.code, 'NOBODY_LISTENS', String(error));
});

test('a full queue refuses a request for now', async (t) => {
  const queue = await newQueue({ 'x-max-length': 1, 'x-overflow': 'reject-publish' });
  const { connection } = await open(t, { url });
  await connection.producer.produce({ target: queue, payload: 'the only one' });
  const error = await rejection(connection.requester.request({ target: queue, payload: 'x' }));
  assert.equal(error.code, 'SERVER_FULL', String(error));
});

test('a request without permission is refused, the connection stays, and the next one works', async (t) => {
  const queue = await newQueue();
  await addUser(server, ['asks', 'right'], ['', '^$', '.*']);
  const { connection, lost } = await open(t, { url, username: 'asks', password: 'right' });
  const other = await open(t, { url });
  await other.connection.responder.respond(queue, async () => ({ payload: 'here' }));
  const request = { target: queue, payload: '' };
  for (const _ of [1, 2])
    assert.match((await rejection(connection.requester.request(request))).message, /may not publish/);
  await permit(server, 'asks', ['', '.*', '.*']);
  assert.equal(textOf(await connection.requester.request(request)), 'here');
  await assertKept(lost);
});

test('a bad address for a reply ends nothing that comes after it, and its request does not come again', async (t) => {
  const log = new MemoryLog();
  const [queue, { connection, lost }] = [await newQueue(), await open(t, { url }, log)];
  const asked: string[] = [];
  const subscription = await connection.responder.respond(queue, async (request) => {
    asked.push(textOf(request));
    return { payload: 'here' };
  });
  await withPlain(port, async (plain) => {
    const channel = await plain.acquire();
    await channel.basicPublish({ routingKey: queue, replyTo: 'amq.rabbitmq.reply-to.a.b', correlationId: '1' }, 'bad');
    await log.said('replyLost');
    await channel.close();
  });
  for (const payload of ['a', 'b', 'c'])
    assert.equal(textOf(await connection.requester.request({ target: queue, payload })), 'here');
  await subscription.stop();
  assert.deepEqual([asked, await waiting(queue)], [['bad', 'a', 'b', 'c'], 0]);
  await assertKept(lost);
});

test('a message that asks for no reply is handled, and a failure is told in a header', async (t) => {
  const [queue, { connection }] = [await newQueue(), await open(t, { url })];
  const asked: string[] = [];
  await connection.responder.respond(queue, async (request) => {
    asked.push(textOf(request));
    throw new Error('not today');
  });
  await connection.producer.produce({ target: queue, payload: 'no reply' });
  await withPlain(port, async (plain) => {
    const client = plain.createRPCClient({ timeout: 30_000 });
    const { headers, body } = await client.send({ routingKey: queue }, 'reply');
    assert.deepEqual({ ...(headers as object) }, { 'sputnik-failure': 'not today' });
    assert.equal(String(body), '');
    await client.close();
  });
  assert.deepEqual(asked, ['no reply', 'reply']);
});

test('what is larger than the server takes is refused by itself', async (t) => {
  const small = await rabbitmqServer(t, ['max_message_size = 1000']);
  await small.start();
  const { connection, lost } = await open(t, { url: small.url, queues: [{ name: 'q', type: 'classic' }] });
  await connection.responder.respond('q', async () => ({ payload: 'here' }));
  const large = { target: 'q', payload: 'x'.repeat(1_001) };
  for (const _ of [1, 2])
    assert.match((await rejection(connection.requester.request(large))).message, /1001 bytes; the server takes 1000/);
  assert.equal(textOf(await connection.requester.request({ target: 'q', payload: '' })), 'here');
  await assertKept(lost);
});
