import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { connect as plainConnect } from '@nats-io/transport-node';
import { numbered, rejection } from '@sputnikjs/testkit';
import { addStream, open, started, storedIn, withPlain } from './helpers.js';

test('content type, headers and id go with a message, and its id is stored once within the duplicate window', async (t) => {
  const { url } = await started(t);
  await addStream(url, { name: 'S', subjects: ['a'] });
  const { connection } = await open(t, { url });
  const message = {
    target: 'a',
    payload: 'żółw',
    contentType: 'text/plain',
    id: '4711',
    headers: { 'x-source': 'łaika' },
  };
  await connection.producer.produce(message);
  await connection.producer.produce(message);
  assert.deepEqual(await storedIn(url, 'S'), [
    {
      subject: 'a',
      payload: 'żółw',
      headers: { 'Content-Type': ['text/plain'], 'Nats-Msg-Id': ['4711'], 'x-source': ['łaika'] },
    },
  ]);
});

test('a bad message is refused by itself, with what to do about it; those before and after it are stored in order', async (t) => {
  const { url } = await started(t, ['max_payload: 1000']);
  await addStream(url, { name: 'S', subjects: ['a'] });
  const { connection } = await open(t, { url });
  const produce = (target: string, payload = 'x', headers?: Record<string, string>): Promise<unknown> =>
    connection.producer.produce({ target, payload, ...(headers && { headers }) });
  const first = produce('a', '1');
  const bad = [
    [produce('b'), /no stream takes the subject "b".*"streams" of the connector/],
    [produce('a.*'), /no wildcards/],
    [produce('a b'), /no white space/],
    [produce('$JS.API.STREAM.PURGE.S'), /belong to the server/],
    [produce('a', 'x', { 'Nats-Rollup': 'all' }), /belong to the server/],
    [produce('a', 'x'.repeat(2000)), /1000/],
  ] as const;
  const errors = await Promise.all(bad.map(([produced]) => rejection(produced)));
  for (const [i, [, pattern]] of bad.entries()) assert.match(errors[i]?.message ?? '', pattern);
  await Promise.all([first, produce('a', '2')]);
  assert.deepEqual(
    (await storedIn(url, 'S')).map(({ payload }) => payload),
    ['1', '2'],
  );
});

test('messages that wait for others reach the stream in the order of the calls', async (t) => {
  const { url } = await started(t);
  await addStream(url, { name: 'S', subjects: ['a'] });
  const { connection } = await open(t, { url, inFlight: 3 });
  await Promise.all(numbered(1000).map((payload) => connection.producer.produce({ target: 'a', payload })));
  assert.deepEqual(
    (await storedIn(url, 'S')).map(({ payload }) => payload),
    numbered(1000),
  );
});

test('a stream that has its maxBytes refuses messages, and takes them when it has room again; those of others are none of its business', async (t) => {
  const { url } = await started(t);
  const full = { name: 'FULL', subjects: ['full'], storage: 'memory', maxBytes: 3000 };
  const { connection } = await open(t, { url, streams: [full, { ...full, name: 'S', subjects: ['a'] }] });
  const produce = (target: string): Promise<unknown> =>
    connection.producer.produce({ target, payload: 'x'.repeat(1000) });
  await Promise.all([produce('full'), produce('full')]);
  const [error] = await Promise.all([rejection(produce('full')), produce('a')]);
  assert.match(error.message, /refuses the message for "full": maximum bytes exceeded.*raise maxBytes/);
  await withPlain(url, (_, { streams }) => streams.purge('FULL'));
  await produce('full');
});

/** Tells where acknowledgements were asked to go, as a client saw it that is not ours and got the same messages. */
async function repliesTo(
  t: TestContext,
  url: string,
  subject: string,
  login: object = {},
): Promise<() => Promise<readonly string[]>> {
  const plain = await plainConnect({ servers: new URL(url).host, ...login });
  t.after(() => plain.close());
  const replies: string[] = [];
  plain.subscribe(subject, { callback: (_, { reply }) => void replies.push(reply ?? '') });
  await plain.flush();
  return async () => {
    await plain.flush();
    return replies;
  };
}

test('where two streams acknowledge each message, none is acknowledged for another: each has a reply subject of its own', async (t) => {
  const user = (name: string): string => `jetstream: enabled, users: [{ user: ${name}, password: ${name} }]`;
  const { url } = await started(t, [
    'accounts: {',
    `A: { ${user('a')}, imports: [{ service: { account: B, subject: "a" } }] }`,
    `B: { ${user('b')}, exports: [{ service: "a" }] }`,
    '}',
  ]);
  const [a, b] = ['a', 'b'].map((name) => ({ user: name, pass: name }));
  await addStream(url, { name: 'SA', subjects: ['a'] }, a);
  await addStream(url, { name: 'SB', subjects: ['a'] }, b);
  const seen = await repliesTo(t, url, 'a', a);
  const { connection } = await open(t, { url, username: 'a', password: 'a' });
  const payloads = numbered(5000);
  for (let from = 0; from < payloads.length; from += 50)
    await Promise.all(
      payloads.slice(from, from + 50).map((payload) => connection.producer.produce({ target: 'a', payload })),
    );
  const replies = await seen();
  assert.equal(replies.length, 5000);
  assert.equal(new Set(replies).size, 5000);
  for (const [stream, login] of [
    ['SA', a],
    ['SB', b],
  ] as const)
    assert.deepEqual(
      (await storedIn(url, stream, login)).map(({ payload }) => payload),
      payloads,
    );
});
