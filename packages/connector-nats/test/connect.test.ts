import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Collector, rejection, textOf } from '@sputnikjs/testkit';
import { addStream, connect, makeConnector, open, started, withPlain } from './helpers.js';

test('a stream that is missing is created as configured; one that takes the subjects is left as it is', async (t) => {
  const { url } = await started(t);
  const stream = {
    name: 'S',
    subjects: ['a', 'b.>'],
    storage: 'memory',
    maxBytes: 10_000,
    maxAgeSeconds: 60,
    duplicateWindowSeconds: 5,
  };
  await open(t, { url, streams: [stream] });
  await open(t, { url, streams: [{ name: 'S', subjects: ['b.c'], storage: 'file' }] });
  const { config } = await withPlain(url, (_, { streams }) => streams.info('S'));
  const { subjects, storage, max_bytes, max_age, duplicate_window, discard } = config;
  assert.deepEqual(
    { subjects, storage, max_bytes, max_age, duplicate_window, discard },
    {
      subjects: ['a', 'b.>'],
      storage: 'memory',
      max_bytes: 10_000,
      max_age: 60e9,
      duplicate_window: 5e9,
      discard: 'new',
    },
  );
});

test('a stream that does not take the subjects, or another that does, is an error that names them', async (t) => {
  const { url } = await started(t);
  await addStream(url, { name: 'S', subjects: ['a'] });
  const failure = async (name: string, subject: string): Promise<string> => {
    const connector = makeConnector(t, { url, streams: [{ name, subjects: [subject], storage: 'file' }] });
    return (await rejection(connect(connector))).message;
  };
  assert.match(await failure('S', 'b'), /^the stream "S" takes "a", but not "b"; change its subjects/);
  assert.match(await failure('T', 'a'), /^cannot create the stream "T" for "a": .*another stream takes some of them/);
});

test('user and password, or a token, are what the server wants; else the error says what to check', async (t) => {
  const byUser = await started(t, ['authorization { user: "me", password: "right" }']);
  const failure = async (url: string, raw: object): Promise<string> =>
    (await rejection(connect(makeConnector(t, { url, ...raw })))).message;
  await open(t, { url: byUser.url, username: 'me', password: 'right' });
  const wrong = await failure(byUser.url, { username: 'me', password: 'wrong' });
  assert.match(wrong, /cannot connect to .*; check username and password$/);
  assert.doesNotMatch(wrong, /wrong'|password "wrong"/);
  assert.match(await failure(byUser.url, {}), /it requires username and password, token, credsFile or nkeySeed$/);
  assert.match(await failure(byUser.url, { credsFile: '/missing.creds' }), /^cannot read credsFile: ENOENT/);
  const byToken = await started(t, ['authorization { token: "right" }']);
  await open(t, { url: byToken.url, token: 'right' });
  assert.match(await failure(byToken.url, { token: 'wrong' }), /; check token$/);
});

test('without JetStream on the server core NATS works', async (t) => {
  const { url } = await started(t, ['jetstream: false']);
  const { connection } = await open(t, { url, jetstream: false });
  const consumed = new Collector<string>();
  await connection.consumer.consume('a', async (message) => consumed.add(textOf(message)));
  await connection.producer.produce({ target: 'a', payload: 'hello' });
  await consumed.reaches(1);
  assert.deepEqual(consumed.items, ['hello']);
});

test('a probe tells the server and its version, and makes no stream', async (t) => {
  const { url } = await started(t);
  const connector = makeConnector(t, { url, streams: [{ name: 'S', subjects: ['a'], storage: 'memory' }] });
  const found = await connector.probe?.(new AbortController().signal);
  assert.equal(found?.url, url);
  assert.match(found?.product ?? '', /^nats-server \d+\.\d+\.\d+/);
  await assert.rejects(
    withPlain(url, (_, { streams }) => streams.info('S')),
    /stream not found/,
  );
  assert.deepEqual(found?.duplicateWindows, [{ stream: 'S', exists: false, seconds: 120 }]);
  const wrong = makeConnector(t, { url: url.replace('nats:', 'tls:') });
  await assert.rejects(wrong.probe?.(new AbortController().signal) ?? Promise.resolve(), /has no TLS/);
});

test('a probe tells for how long each configured stream knows a message again: as it is, or as it is going to be', async (t) => {
  const { url } = await started(t);
  const stream = { subjects: ['a'], storage: 'memory' };
  await withPlain(url, (_, { streams }) =>
    streams.add({ name: 'THERE', subjects: ['a'], storage: 'memory', duplicate_window: 90e9 }),
  );
  const streams = [
    { ...stream, name: 'THERE', duplicateWindowSeconds: 5 },
    { ...stream, name: 'SHORT', maxAgeSeconds: 60 },
    { ...stream, name: 'LONG', duplicateWindowSeconds: 3_600 },
  ];
  const found = await makeConnector(t, { url, streams }).probe?.(new AbortController().signal);
  assert.deepEqual(found?.duplicateWindows, [
    { stream: 'THERE', exists: true, seconds: 90 },
    { stream: 'SHORT', exists: false, seconds: 60 },
    { stream: 'LONG', exists: false, seconds: 3_600 },
  ]);
  // that the server makes it so
  const { connector } = await open(t, {
    url,
    streams: streams.slice(1).map((one) => ({ ...one, subjects: [one.name] })),
  });
  assert.equal(await connector.isConnected(), true);
  const made = await makeConnector(t, { url, streams }).probe?.(new AbortController().signal);
  assert.deepEqual(
    made?.duplicateWindows?.map(({ exists, seconds }) => [exists, seconds]),
    [
      [true, 90],
      [true, 60],
      [true, 3_600],
    ],
  );
});
