import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { numbered, rejection } from '@sputnikjs/testkit';
import { open, started, storedIn, until, withPlain } from './helpers.js';

test('a message is an entry of fields that other clients can read: payload, content-type, id and headers', async (t) => {
  const { url, port } = await started(t);
  const { connection } = await open(t, { url });
  await connection.producer.produce({
    target: 'ünusual {key}\r\n',
    payload: 'żółw',
    contentType: 'text/plain; charset=utf-8',
    id: '4711',
    headers: { 'x-source': 'łaika', payload: 'none', '': '' },
  });
  await connection.producer.produce({ target: 'ünusual {key}\r\n', payload: '' });
  assert.deepEqual(await storedIn(port, 'ünusual {key}\r\n'), [
    {
      payload: 'żółw',
      'content-type': 'text/plain; charset=utf-8',
      id: '4711',
      'header:x-source': 'łaika',
      'header:payload': 'none',
      'header:': '',
    },
    { payload: '' },
  ]);
});

test('bytes stay what they are, with and without fields behind them', async (t) => {
  const { url, port } = await started(t);
  const { connection } = await open(t, { url });
  const payload = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  await connection.producer.produce({ target: 'a', payload, contentType: 'żółw' });
  await connection.producer.produce({ target: 'a', payload: payload.subarray(100, 200) });
  const [one, two] = await withPlain(port, (plain) => plain.xrangeBuffer('a', '-', '+'));
  assert.deepEqual(one?.[1].map(String), ['payload', Buffer.from(payload).toString(), 'content-type', 'żółw']);
  assert.deepEqual([one?.[1][1], two?.[1][1]], [Buffer.from(payload), Buffer.from(payload).subarray(100, 200)]);
});

test('beyond inFlight messages wait', async (t) => {
  const server = await started(t);
  const { connection, connector } = await open(t, { url: server.url, inFlight: 3 });
  server.freeze();
  const produced = numbered(10).map((payload) => rejection(connection.producer.produce({ target: 'a', payload })));
  await connector.disconnect();
  await Promise.all(produced);
  server.thaw();
  // what had been sent is there, all of it at once
  await withPlain(server.port, (plain) => until(async () => (await plain.xlen('a')) > 0));
  assert.deepEqual(
    (await storedIn(server.port, 'a')).map(({ payload }) => payload),
    numbered(3),
  );
});

test('messages that wait for others reach the server in the order of the calls', async (t) => {
  const { url, port } = await started(t);
  const { connection } = await open(t, { url, inFlight: 3 });
  const payloads = numbered(1000);
  await Promise.all(payloads.map((payload) => connection.producer.produce({ target: 'a', payload })));
  assert.deepEqual(
    (await storedIn(port, 'a')).map(({ payload }) => payload),
    payloads,
  );
});

test('with maxLength a stream keeps about so many entries, without it all', async (t) => {
  const { url, port } = await started(t, ['stream-node-max-entries 10']);
  for (const [target, limits] of [
    ['all', {}],
    ['some', { maxLength: 50 }],
  ] as const) {
    const { connection } = await open(t, { url, ...limits });
    await Promise.all(numbered(1000).map((payload) => connection.producer.produce({ target, payload })));
  }
  await withPlain(port, async (plain) => {
    assert.equal(await plain.xlen('all'), 1000);
    const length = await plain.xlen('some');
    assert.ok(length >= 50 && length <= 60, `${length} entries`);
  });
});

test('a refused message fails alone, with what to do about it, and its payload is in no part of the error', async (t) => {
  const { url, port } = await started(t, ['user me on >mine ~mine* +@all']);
  await withPlain(port, (plain) => plain.set('mine-text', 'no stream'));
  const { connection, connector } = await open(t, { url, username: 'me', password: 'mine' });
  const produce = (target: string): Promise<unknown> => connection.producer.produce({ target, payload: 'private' });
  const [, wrong, , foreign] = await Promise.all([
    produce('mine'),
    rejection(produce('mine-text')),
    produce('mine'),
    rejection(produce('theirs')),
    produce('mine'),
  ]);
  assert.match(
    wrong.message,
    /^the server refuses the message for "mine-text": WRONGTYPE .*; the key holds something other than a stream: /,
  );
  assert.match(foreign.message, /"theirs": NOPERM .*; give the user the permission \(ACL SETUSER\)$/);
  assert.deepEqual([wrong.code, foreign.code], ['WRONGTYPE', 'NOPERM']);
  assert.doesNotMatch(inspect([wrong, foreign], { depth: 9, showHidden: true }), /private/);
  assert.equal((await storedIn(port, 'mine')).length, 3);
  assert.equal(await connector.isConnected(), true);
});

test('a server whose memory is full says so', async (t) => {
  const { url, port } = await started(t, ['maxmemory-policy noeviction']);
  const { connection, connector } = await open(t, { url });
  await connection.producer.produce({ target: 'a', payload: 'x' });
  await withPlain(port, (plain) => plain.config('SET', 'maxmemory', '1'));
  const error = await rejection(connection.producer.produce({ target: 'a', payload: 'x' }));
  assert.match(
    error.message,
    /OOM command not allowed .*; its memory is full: give it more \(maxmemory\), or keep less/,
  );
  assert.equal(error.code, 'SERVER_FULL');
  assert.equal(await connector.isConnected(), true);
  await withPlain(port, (plain) => plain.config('SET', 'maxmemory', '0'));
  await connection.producer.produce({ target: 'a', payload: 'x' });
});

test('a payload that no Redis takes is refused here, and the connection stays', async (t) => {
  const { url } = await started(t);
  const { connection, connector } = await open(t, { url });
  const payload = Buffer.alloc(512 * 1024 * 1024 + 1);
  const error = await rejection(connection.producer.produce({ target: 'a', payload }));
  assert.match(error.message, /^cannot produce to "a": the payload is larger than the 512 MiB of Redis$/);
  assert.equal(await connector.isConnected(), true);
});

test('one that this server does not take ends the connection; that it does is not mistaken for a refusal', async (t) => {
  const { url } = await started(t, ['proto-max-bulk-len 1mb']);
  const { connection, lost } = await open(t, { url });
  const { producer } = connection;
  const errors = await Promise.all([
    rejection(producer.produce({ target: 'a', payload: Buffer.alloc(2_000_000) })),
    rejection(producer.produce({ target: 'a', payload: 'x' })),
  ]);
  assert.deepEqual(
    errors.map(({ code }) => code),
    ['CONNECTION_LOST', 'CONNECTION_LOST'],
  );
  assert.match(String(await lost), /Protocol error: invalid bulk length|closed the connection|EPIPE|ECONNRESET/);
});

test('a primary that becomes a replica refuses no message: the connection ends, so that they can wait for another', async (t) => {
  const { url, port } = await started(t);
  const { connection, connector, lost } = await open(t, { url });
  await withPlain(port, (plain) => plain.replicaof('127.0.0.1', 1));
  const error = await rejection(connection.producer.produce({ target: 'a', payload: 'x' }));
  assert.equal(error.code, 'CONNECTION_LOST');
  assert.match(String(await lost), /READONLY .*; it is a replica: give the url of the primary/);
  assert.equal(await connector.isConnected(), false);
});
