import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import type { SyslogMessage } from '@sputnikjs/adapter-syslog';
import type { ProduceMessage } from '@sputnikjs/messaging';
import { Collector, dial, fly, gone, textOf, until } from './support.js';

test('landing in the midst of a blast loses nothing that was accepted', async (t) => {
  const collector = new Collector<ProduceMessage>(100);
  const { port, flight, launched, status } = await fly(t, collector, 'producer');
  const sockets = await Promise.all([dial(t, port), dial(t, port), dial(t, port)]);
  for (const [sender, socket] of sockets.entries()) {
    socket.write(Array.from({ length: 100_000 }, (_, i) => `<13>${sender} ${i}\n`).join(''));
  }
  await collector.first(5_000);
  const report = await flight.shootDown();
  await launched;
  assert.equal(report.clean, true);
  for (const block of ['syslogproducer', 'producer']) {
    const { accepted, handled, dropped, failed, depth } = status(block);
    assert.deepEqual({ handled, dropped, failed, depth }, { handled: accepted, dropped: 0, failed: 0, depth: 0 });
    assert.equal(accepted, collector.messages.length);
  }
  assert.ok(collector.messages.length < 300_000, 'the landing waited for the senders');
  // of each sender all up to some point, in order
  const seen = collector.messages.map(({ payload }) =>
    textOf(JSON.parse(payload.toString()) as SyslogMessage).split(' '),
  );
  for (const sender of sockets.keys()) {
    const own = seen.filter(([from]) => Number(from) === sender).map(([, i]) => Number(i));
    assert.deepEqual(own, [...own.keys()]);
  }
});

test('a landing hands on what had come from a sender that is pushed back', async (t) => {
  const collector = new Collector<SyslogMessage>(1);
  collector.close();
  const { port, flight, status } = await fly(t, collector, 'syslogproducer');
  const socket = await dial(t, port);
  socket.write(Array.from({ length: 50 }, (_, i) => `<13>${i}\n`).join(''));
  await until(() => status('syslogproducer').rejected > 0);
  const landed = flight.shootDown();
  await until(() => flight.status().state === 'landing');
  collector.open();
  assert.equal((await landed).clean, true);
  assert.equal(collector.messages.length, 50);
});

test('what the kernel had taken in when a landing began is passed on, from senders that have gone', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const { port, flight } = await fly(t, collector, 'syslogproducer');
  const to = (...args: readonly string[]): void => {
    const { status, stderr } = spawnSync('logger', ['-n', '127.0.0.1', '-P', `${port}`, ...args], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  };
  // Nothing is read meanwhile: this process waits for them.
  for (let i = 0; i < 20; i++) to('-T', '--octet-count', `by tcp ${i}`);
  for (let i = 0; i < 100; i++) to('-d', `by udp ${i}`);
  assert.equal((await flight.shootDown()).clean, true);
  assert.equal(collector.messages.length, 120);
});

test('a landing waits for no idle connection, and tells of a frame that is not complete', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const { port, flight, logs } = await fly(t, collector, 'syslogproducer');
  const idle = await dial(t, port);
  const partial = await dial(t, port);
  const { localPort } = partial;
  const closed = [gone(idle), gone(partial)];
  partial.write('<13>whole\n<13>par');
  await collector.first(1);
  const report = await flight.shootDown();
  await Promise.all(closed);
  assert.equal(report.clean, true);
  const [line] = logs.of('frameBroken');
  assert.equal(line?.['remotePort'], localPort);
});

test('what can not be passed on before the deadline is counted, told, and a failure of the landing', async (t) => {
  const collector = new Collector<SyslogMessage>(1);
  collector.close();
  const { port, flight, launched, status, logs } = await fly(t, collector, 'syslogproducer', { landingMs: 300 });
  const socket = await dial(t, port);
  socket.write(Array.from({ length: 50 }, (_, i) => `<13>${i}\n`).join(''));
  await until(() => status('syslogproducer').rejected > 0);
  const report = await flight.shootDown();
  await launched;
  assert.equal(report.clean, false);
  assert.equal(status('syslogproducer').dropped, 2, 'the one under way, and the one in the mailbox');
  assert.equal(
    logs.of('framesLost').reduce((sum, { count }) => sum + Number(count), 0),
    48,
  );
  assert.ok(
    report.failures.some(({ error }) => /48 received messages could not be passed on/.test((error as Error).message)),
  );
});
