import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Collector, KeptLog, numbered, rejection, textOf } from '@sputnikjs/testkit';
import { rabbitmqServer } from '@sputnikjs/testkit/servers';
import { connect, makeConnector, open, storedIn, withPlain } from './helpers.js';

const server = await rabbitmqServer({ after }, ['max_message_size = 100000']);
const { url, port } = server;
before(() => server.start());

function addQueue(queue: string, limits: Record<string, unknown> = {}): Promise<unknown> {
  return withPlain(port, (plain) => plain.queueDeclare({ queue, durable: true, arguments: limits }));
}

test('content type, headers, id and bytes go with a message', async (t) => {
  await addQueue('props');
  const { connection } = await open(t, { url });
  const message = { target: 'props', payload: '{"a": 1}', contentType: 'application/json', id: '4711' };
  await connection.producer.produce({ ...message, headers: { 'x-source': 'łaika' } });
  await connection.producer.produce({ target: 'props', payload: 'bare' });
  const seen = new Collector<object>();
  await connection.consumer.consume('props', async ({ payload, ...rest }) =>
    seen.add({ text: Buffer.from(payload).toString(), ...rest }),
  );
  await seen.reaches(2);
  const common = { source: 'props', redelivered: false };
  const headers = { 'x-source': 'łaika' };
  assert.deepEqual(seen.items, [
    { ...common, text: '{"a": 1}', contentType: 'application/json', headers },
    { ...common, text: 'bare' },
  ]);
});

test('the id goes into message-id, which others can deduplicate by', async (t) => {
  await addQueue('ids');
  const { connection } = await open(t, { url });
  await connection.producer.produce({ target: 'ids', payload: 'x', id: '4711' });
  assert.deepEqual(
    (await storedIn(port, 'ids')).map(({ messageId }) => messageId),
    ['4711'],
  );
});

test('a bad message is refused by itself, with what to do about it; those before and after it are stored in order', async (t) => {
  await addQueue('good');
  await addQueue('full', { 'x-max-length': 1, 'x-overflow': 'reject-publish' });
  const { connection } = await open(t, { url });
  const produce = (target: string, more: object = {}): Promise<unknown> =>
    connection.producer.produce({ target, payload: 'x', ...more });
  await produce('full');
  const first = produce('good', { payload: '1' });
  const bad = [
    [
      produce('nowhere'),
      /^no queue takes messages for "nowhere" .*; create the queue \("queues" of the connector does\)/,
    ],
    [
      produce('full'),
      /^the server refuses the message: a queue for "full" is full, or has failed; consume what it holds/,
    ],
    [produce('x'.repeat(256)), /^the target "x+…" cannot be sent: it is longer than 255 bytes$/],
    [produce('good', { id: 'x'.repeat(256) }), /^the id cannot be sent: ".*" is longer than 255 bytes$/],
    [produce('good', { headers: { CC: 'elsewhere' } }), /^the header CC cannot be sent: it belongs to the server/],
    [produce('good', { headers: { BCC: 'elsewhere' } }), /^the header BCC cannot be sent: it belongs to the server/],
    [produce('good', { headers: { a: 'x'.repeat(8192) } }), /at most 8192 bytes in all may go with it$/],
    [produce('good', { headers: { a: '\ud800' } }), /^the header "a" cannot be sent: it has broken characters$/],
  ] as const;
  const errors = await Promise.all(bad.map(([produced]) => rejection(produced)));
  for (const [i, [, pattern]] of bad.entries()) assert.match(errors[i]?.message ?? '', pattern);
  await Promise.all([first, produce('good', { payload: '2' })]);
  assert.deepEqual(
    (await storedIn(port, 'good')).map(({ payload }) => payload),
    ['1', '2'],
  );
});

test('headers of just as much as may go with a message go', async (t) => {
  await addQueue('heads');
  const { connection } = await open(t, { url });
  const headers = { a: 'x'.repeat(8192 - 64 - 6 - 1) };
  await connection.producer.produce({ target: 'heads', payload: 'x', headers });
  const [stored] = await storedIn(port, 'heads');
  assert.deepEqual({ ...stored?.headers }, headers);
});

test('a message above the limit of the server ends the connection once, and is refused; the next ones are not sent at all', async (t) => {
  await addQueue('large');
  const { connector, connection, lost } = await open(t, { url });
  const large = { target: 'large', payload: Buffer.alloc(100_001) };
  const limit = /^the message for "large" has 100001 bytes; the server takes 100000 \(max_message_size\)$/;
  assert.match((await rejection(connection.producer.produce(large))).message, limit);
  await lost;
  const { producer } = (await connect(connector)).connection;
  assert.match((await rejection(producer.produce(large))).message, limit);
  await producer.produce({ target: 'large', payload: Buffer.alloc(100_000) });
  assert.equal((await storedIn(port, 'large')).length, 1);
});

test('messages that wait for others reach the queue in the order of the calls', async (t) => {
  await addQueue('order');
  const { connection } = await open(t, { url, inFlight: 3 });
  await Promise.all(numbered(1000).map((payload) => connection.producer.produce({ target: 'order', payload })));
  assert.deepEqual(
    (await storedIn(port, 'order')).map(({ payload }) => payload),
    numbered(1000),
  );
});

test('a user that may not publish learns so, with what to do', async (t) => {
  await addQueue('forbidden');
  await server.ctl('add_user', 'reader', 'x');
  await server.ctl('set_permissions', 'reader', '.*', '^$', '.*');
  const { connection } = await open(t, { url, username: 'reader', password: 'x' });
  const error = await rejection(connection.producer.produce({ target: 'forbidden', payload: 'x' }));
  assert.match(error.message, /^may not publish to "forbidden": .*; give the user the permission on the server$/);
});

test('a server short of memory is told of; messages wait, those that are consumed go on, and heartbeats too', async (t) => {
  await addQueue('alarm');
  await addQueue('stock');
  const log = new KeptLog();
  const { connector, connection } = await open(t, { url }, log);
  for (const payload of numbered(3)) await connection.producer.produce({ target: 'stock', payload });
  await server.ctl('set_vm_memory_high_watermark', '0');
  let isTaken = false;
  const produced = connection.producer.produce({ target: 'alarm', payload: 'x' }).then(() => (isTaken = true));
  assert.match(await log.said('serverBlocked'), /^the server takes no messages for now: .*give it more memory or disk/);
  const stock = new Collector<string>();
  await connection.consumer.consume('stock', async (message) => stock.add(textOf(message)));
  await stock.reaches(3);
  assert.equal(await connector.isConnected(), true);
  assert.equal(isTaken, false);
  await server.ctl('set_vm_memory_high_watermark', '0.4');
  await produced;
  assert.ok(await log.said('serverUnblocked'));
  const other = makeConnector(t, { url });
  assert.ok((await connect(other)).connection);
});
