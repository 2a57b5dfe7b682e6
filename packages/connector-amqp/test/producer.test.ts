import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Collector, numbered, rejection } from '@sputnikjs/testkit';
import { rabbitmqServer } from '@sputnikjs/testkit/servers';
import { addQueue, addUser, open, storedIn } from './helpers.js';

const server = await rabbitmqServer({ after }, ['max_message_size = 100000']);
const { url, port } = server;
before(() => server.start());

test('content type, headers, id and bytes go with a message', async (t) => {
  await addQueue(port, 'props');
  const { connection } = await open(t, { url });
  const message = { target: 'props', payload: '{"a": 1}', contentType: 'application/json', id: '4711' };
  await connection.producer.produce({ ...message, headers: { 'x-source': 'łaika' } });
  await connection.producer.produce({ target: 'props', payload: 'bare' });
  const seen = new Collector<object>();
  await connection.consumer.consume('props', async ({ payload, ...rest }) =>
    seen.add({ text: Buffer.from(payload).toString(), ...rest }),
  );
  await seen.reaches(2);
  const common = { source: 'props', redelivered: false, deliveries: 1 };
  const headers = { 'x-source': 'łaika' };
  assert.deepEqual(seen.items, [
    { ...common, text: '{"a": 1}', contentType: 'application/json', headers, id: '4711' },
    { ...common, text: 'bare' },
  ]);
});

test('the id goes into message-id, which others can deduplicate by', async (t) => {
  await addQueue(port, 'ids');
  const { connection } = await open(t, { url });
  await connection.producer.produce({ target: 'ids', payload: 'x', id: '4711' });
  assert.deepEqual(
    (await storedIn(port, 'ids')).map(({ messageId }) => messageId),
    ['4711'],
  );
});

test('a bad message is refused by itself, with what to do about it; those before and after it are stored in order', async (t) => {
  await addQueue(port, 'good');
  await addQueue(port, 'full', { 'x-max-length': 1, 'x-overflow': 'reject-publish' });
  const { connection } = await open(t, { url });
  const produce = (target: string, more: object = {}): Promise<unknown> =>
    connection.producer.produce({ target, payload: 'x', ...more });
  await produce('full');
  const first = produce('good', { payload: '1' });
  const bad = [
    [produce('nowhere'), /^no queue takes messages for "nowhere" .*; create the queue, list it in "queues"/],
    [
      produce('full'),
      /^the server refuses the message for now: a queue for "full" is full, or has failed; consume its messages/,
    ],
    [produce('x'.repeat(256)), /^the target "x+"… cannot be sent: it is longer than 255 bytes$/],
    [produce('good', { id: 'x'.repeat(256) }), /^the id cannot be sent: "x+"… is longer than 255 bytes$/],
    [
      produce('good', { headers: { CC: 'elsewhere' } }),
      /^the header "CC" cannot be sent: it is reserved for the server/,
    ],
    [
      produce('good', { headers: { BCC: 'elsewhere' } }),
      /^the header "BCC" cannot be sent: it is reserved for the server/,
    ],
    [produce('good', { headers: { a: 'x'.repeat(8192) } }), /at most 8192 bytes of headers go with a message$/],
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
  await addQueue(port, 'heads');
  const { connection } = await open(t, { url });
  const headers = { a: 'x'.repeat(8192 - 64 - 6 - 1) };
  await connection.producer.produce({ target: 'heads', payload: 'x', headers });
  const [stored] = await storedIn(port, 'heads');
  assert.deepEqual({ ...stored?.headers }, headers);
});

test('a message above the limit of the server is refused, costs nobody else, and the next ones are not sent at all', async (t) => {
  await addQueue(port, 'large');
  const { connector, connection } = await open(t, { url });
  const large = { target: 'large', payload: Buffer.alloc(100_001) };
  const limit = /^the message for "large" has 100001 bytes; the server takes 100000 \(max_message_size\)$/;
  const small = (payload: string): Promise<unknown> => connection.producer.produce({ target: 'large', payload });
  const [error] = await Promise.all([rejection(connection.producer.produce(large)), small('1'), small('2')]);
  assert.match(error.message, limit);
  assert.equal(await connector.isConnected(), true);
  assert.match((await rejection(connection.producer.produce(large))).message, limit);
  await connection.producer.produce({ target: 'large', payload: Buffer.alloc(100_000) });
  const stored = (await storedIn(port, 'large')).map(({ payload }) => payload.slice(0, 1));
  assert.deepEqual(stored, ['1', '2', '\0']);
});

test('messages that wait for others reach the queue in the order of the calls', async (t) => {
  await addQueue(port, 'order');
  const { connection } = await open(t, { url, inFlight: 3 });
  await Promise.all(numbered(1000).map((payload) => connection.producer.produce({ target: 'order', payload })));
  assert.deepEqual(
    (await storedIn(port, 'order')).map(({ payload }) => payload),
    numbered(1000),
  );
});

test('a user that may not publish learns so, with what to do', async (t) => {
  await addQueue(port, 'forbidden');
  await addUser(server, ['reader', 'x'], ['.*', '^$', '.*']);
  const { connection } = await open(t, { url, username: 'reader', password: 'x' });
  const error = await rejection(connection.producer.produce({ target: 'forbidden', payload: 'x' }));
  assert.match(error.message, /^may not publish to "forbidden": .*; give the user the permission on the server$/);
});
