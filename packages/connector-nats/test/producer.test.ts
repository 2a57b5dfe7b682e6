import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rejection } from '@sputnikjs/testkit';
import { addStream, numbered, open, started, storedIn } from './helpers.js';

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
  const produce = (target: string, payload = 'x', headers?: Record<string, string>): Promise<void> =>
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
