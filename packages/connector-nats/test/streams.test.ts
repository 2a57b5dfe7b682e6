// Streams of the configuration that go and come.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as realTime } from 'node:timers/promises';
import { SputnikError } from '@sputnikjs/core';
import { connect as plainConnect } from '@nats-io/transport-node';
import { Collector, gate, numbered, rejection, textOf } from '@sputnikjs/testkit';
import { natsServer } from '@sputnikjs/testkit/servers';
import { deleteStream, flow } from './flow.js';
import { addStream, open, storedIn, withPlain } from './helpers.js';

test('a stream of the configuration that is deleted under full load is made again once for all, and the order stays', async (t) => {
  const streams = [{ name: 'C', subjects: ['c.>'], storage: 'file' }];
  const { url, log, produce, loss } = await flow(t, { streams, inFlight: 500 }, false);
  const all = numbered(5_000).map((payload) => produce(payload, 'c.d'));
  await all[999];
  await deleteStream(url, 'C');
  await Promise.all(all);
  const stored = (await storedIn(url, 'C')).map(({ payload }) => Number(payload));
  assert.ok(stored.length > 0 && stored.length < 5_000, `${stored.length} are there`);
  assert.deepEqual(
    stored,
    stored.toSorted((a, b) => a - b),
  );
  assert.equal(stored.at(-1), 4_999);
  const made = log.lines.filter(({ fields }) => fields['event'] === 'streamRenewed');
  assert.deepEqual(
    made.map(({ text }) => text),
    ['the stream "C" was deleted; it exists again, empty'],
  );
  assert.equal(loss(), undefined);
});

test('messages that are produced while their stream is made again stay behind those that found none', async (t) => {
  const streams = [{ name: 'C', subjects: ['c'], storage: 'memory' }];
  const { url, produce } = await flow(t, { streams }, false);
  const all: Promise<unknown>[] = [];
  for (let times = 0; times < 10; times++) {
    const since = all.length;
    const deleted = deleteStream(url, 'C').then(() => realTime(50));
    for (let isOver = false; !isOver; isOver = await Promise.race([deleted.then(() => true), realTime(0, false)]))
      for (let n = 0; n < 5; n++) all.push(produce(`${all.length}`, 'c'));
    await Promise.all(all);
    const stored = (await storedIn(url, 'C')).map(({ payload }) => Number(payload));
    assert.ok((stored[0] ?? 0) >= since && stored.at(-1) === all.length - 1);
    assert.deepEqual(
      stored,
      stored.toSorted((a, b) => a - b),
    );
  }
});

test(
  'what a stream had got that was deleted, and never acknowledged, goes to the one that is made again',
  { timeout: 8_000 },
  async (t) => {
    const streams = [{ name: 'C', subjects: ['c.>'], storage: 'memory' }];
    const { url, produce } = await flow(t, { streams }, false);
    await deleteStream(url, 'C');
    const plain = await plainConnect({ servers: new URL(url).host });
    t.after(() => plain.close());
    const heard = gate();
    // since somebody subscribes, nobody says that there is no stream
    plain.subscribe('c.silent', { callback: () => heard.open() });
    await plain.flush();
    const silent = produce('1', 'c.silent');
    await heard.passed;
    await Promise.all([silent, produce('2', 'c.d')]);
    const stored = (await storedIn(url, 'C')).map(({ payload }) => payload);
    assert.deepEqual(stored, ['1', '2']);
  },
);

test('a stream of the configuration that is deleted is made again for its consumer, though nobody produces', async (t) => {
  const streams = [{ name: 'C', subjects: ['c.>'], storage: 'memory' }];
  const { url, connection, log } = await flow(t, { streams }, false);
  const seen = new Collector<string>();
  await connection.consumer.consume('c.*', async (message) => seen.add(textOf(message)));
  await deleteStream(url, 'C');
  await log.said('consumingAgain');
  await withPlain(url, async (plain) => {
    plain.publish('c.d', 'from others');
    await plain.flush();
  });
  await seen.reaches(1);
});

test('a stream of the configuration that cannot be made again is why a message is refused, for now if there is no room', async (t) => {
  const server = await natsServer(t, [], ['max_file_store: 10000']);
  await server.start();
  const { url } = server;
  const streams = [
    { name: 'C', subjects: ['c'], storage: 'file', maxBytes: 8_000 },
    { name: 'D', subjects: ['d'], storage: 'memory' },
  ];
  const { connection } = await open(t, { url, streams });
  const produce = (): Promise<unknown> => connection.producer.produce({ target: 'c', payload: 'x' });
  await produce();
  await deleteStream(url, 'C');
  await addStream(url, { name: 'BIG', subjects: ['big'], max_bytes: 5_000 });
  const full = await rejection(produce());
  assert.ok(full instanceof SputnikError && full.code === 'SERVER_FULL');
  assert.match(full.message, /for "c": cannot create the stream "C" .*\(10047\).*; make room/);
  await deleteStream(url, 'BIG');
  await produce();
  await deleteStream(url, 'C');
  await addStream(url, { name: 'C', subjects: ['other'] });
  await deleteStream(url, 'D');
  await connection.producer.produce({ target: 'd', payload: 'x' });
  const taken = await rejection(produce());
  assert.match(
    taken.message,
    /no stream takes the message for "c": the stream "C" takes "other", but not "c"; change its subjects/,
  );
});
