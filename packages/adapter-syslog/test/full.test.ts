import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { SyslogMessage } from '@sputnikjs/adapter-syslog';
import { defineBlock } from '@sputnikjs/core';
import { Collector, datagrams, dial, fly, gone, prepare, stalled, texts, until } from './support.js';

test('a sender is pushed back while the mailbox is full; then everything arrives, in order', async (t) => {
  const collector = new Collector<SyslogMessage>(16);
  collector.close();
  const { port, status, counts } = await fly(t, collector, 'syslogproducer');
  const total = 40_000;
  const padding = 'x'.repeat(1_000);
  const socket = await dial(t, port);
  for (let i = 0; i < total; i++) socket.write(`<13>${i} ${padding}\n`);
  socket.end();
  await until(() => status('syslogproducer').rejected > 0);
  await stalled(socket);
  assert.ok(socket.writableLength > 0, 'the sender could send all');
  assert.equal((await counts()).frames, 1 + 16 + 1 + 1, 'one is handled, 16 are in the mailbox, two wait');
  collector.open();
  const messages = await collector.first(total);
  assert.deepEqual(
    texts(messages).map((text) => Number.parseInt(text, 10)),
    Array.from({ length: total }, (_, i) => i),
  );
});

test('one sender that is pushed back holds no other one up for ever: all get their turn', async (t) => {
  const collector = new Collector<SyslogMessage>(4);
  collector.close();
  const { port } = await fly(t, collector, 'syslogproducer');
  for (const name of ['a', 'b', 'c']) {
    const socket = await dial(t, port);
    socket.end(Array.from({ length: 2_000 }, (_, i) => `<13>${name} ${i}`).join('\n'));
  }
  await turn();
  collector.open();
  const messages = texts(await collector.first(6_000));
  for (const name of ['a', 'b', 'c']) {
    const own = messages.filter((text) => text.startsWith(name));
    assert.deepEqual(
      own,
      Array.from({ length: 2_000 }, (_, i) => `${name} ${i}`),
    );
  }
});

test('datagrams wait for room, 1,024 of them; then the oldest give way, counted and told, and the landing is not clean', async (t) => {
  const collector = new Collector<SyslogMessage>(8);
  collector.close();
  const satellite = await fly(t, collector, 'syslogproducer');
  for (let sent = 0; sent < 1_100; sent += 100) {
    await datagrams(
      satellite.port,
      Array.from({ length: 100 }, (_, i) => `<13>${sent + i}`),
    );
    await until(async () => (await satellite.counts()).datagrams === sent + 100);
  }
  // one is handled, 8 are in the mailbox, one waits for room in it, and 1,024 wait behind
  const dropped = 1_100 - (1 + 8 + 1 + 1_024);
  assert.equal((await satellite.counts()).datagramsDropped, dropped);
  const [first, ...others] = satellite.logs.of('datagramsDropped');
  assert.match(first?.text ?? '', /block "syslogproducer" takes them too slowly, or not at all/);
  assert.deepEqual(others, [], 'at once, and then not each one');
  collector.open();
  const report = await satellite.flight.shootDown();
  const numbers = Array.from({ length: 1_100 }, (_, i) => i);
  assert.deepEqual(texts(collector.messages).map(Number), numbers.toSpliced(10, dropped));
  assert.equal(
    satellite.logs.of('datagramsDropped').reduce((sum, { count }) => sum + Number(count), 0),
    dropped,
  );
  assert.equal(report.clean, false);
  assert.match(
    String(report.failures[0]?.error),
    /66 received messages could not be passed on \(framesLost 0, datagramsDropped 66\)/,
  );
});

test('what had been read of a connection that breaks while it is pushed back arrives', async (t) => {
  const collector = new Collector<SyslogMessage>(1);
  collector.close();
  const { port, status, logs } = await fly(t, collector, 'syslogproducer');
  const socket = await dial(t, port);
  socket.write('<13>1\n<13>2\n<13>3\n<13>4\n');
  await until(() => status('syslogproducer').rejected > 0);
  socket.write('<13>5\n<13>6\n');
  await stalled(socket);
  socket.resetAndDestroy();
  await logs.first('connectionFailed');
  collector.open();
  assert.deepEqual(texts(await collector.first(6)), ['1', '2', '3', '4', '5', '6']);
});

test('a connection that ends while it is pushed back loses nothing', async (t) => {
  const collector = new Collector<SyslogMessage>(1);
  collector.close();
  const { port, status } = await fly(t, collector, 'syslogproducer');
  const socket = await dial(t, port);
  socket.end('<13>1\n<13>2\n<13>3\n<13>4');
  await until(() => status('syslogproducer').rejected > 0);
  await stalled(socket);
  collector.open();
  assert.deepEqual(texts(await collector.first(4)), ['1', '2', '3', '4']);
});

test('connections above maxConnections are refused and told; those there are live on', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const { port, logs, counts } = await fly(t, collector, 'syslogproducer', { receiver: { maxConnections: 1 } });
  const first = await dial(t, port);
  first.write('<13>a\n');
  await collector.first(1);
  const second = await dial(t, port);
  await gone(second);
  assert.match((await logs.first('connectionRefused')).text, /maxConnections \(1\)/);
  assert.equal((await counts()).connectionsRefused, 1);
  first.write('<13>b\n');
  assert.deepEqual(texts(await collector.first(2)), ['a', 'b']);
});

test('a publisher that takes no messages is a problem before anything starts', async () => {
  const definition = defineBlock({ name: 'deaf', make: () => ({}) });
  await assert.rejects(prepare({ definition }, 'syslogproducer'), /its need "publisher" is unmet/);
});
