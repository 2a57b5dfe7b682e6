import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { SyslogMessage } from '@sputnikjs/adapter-syslog';
import { Collector, dial, fly, gone, prepare, seeded, texts, until } from './support.js';

const IDLE = 5_000;

/** So many connections; a few hundred at a time, or the kernel turns some away and makes them wait. */
async function crowd(t: TestContext, port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  t.after(() => {
    for (const socket of sockets) socket.destroy();
  });
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(250, count - sockets.length) }, () => connect(port, '127.0.0.1'));
    sockets.push(...some);
    await Promise.all(
      some.map((socket) =>
        once(
          socket.on('error', () => {}),
          'connect',
        ),
      ),
    );
  }
  return sockets;
}

test('5,000 idle connections cost little, and others are served meanwhile; a landing closes them all', async (t) => {
  const limits = (process.report.getReport() as { userLimits?: { open_files?: { soft: number | string } } }).userLimits;
  const files = Number(limits?.open_files?.soft);
  // Both ends of each connection are in this process. NaN stands for no limit.
  assert.ok(
    !(files < 2 * IDLE + 200),
    `this test opens ${2 * IDLE} connections; raise the limit of ${files} files (ulimit -n)`,
  );
  const collector = new Collector<SyslogMessage>();
  const prepared = await prepare(collector, 'syslogproducer', { receiver: { maxConnections: IDLE + 10 } });
  const { flight, launched, counts, port } = prepared.launch();
  t.after(() => flight.shootDown());
  const before = process.memoryUsage.rss();
  const idle = await crowd(t, port, IDLE);
  await until(async () => (await counts()).connections === IDLE);
  const each = (process.memoryUsage.rss() - before) / IDLE;
  t.diagnostic(`${Math.round(each)} bytes for both ends of a connection`);
  assert.ok(each < 24_000, `${each} bytes for both ends of a connection`);
  const busy = await dial(t, port);
  for (let n = 0; n < 1_000; n++) busy.write(`<13>${n}\n`);
  assert.deepEqual(texts(await collector.first(1_000)).map(Number), [...collector.messages.keys()]);
  (idle[IDLE - 1] as Socket).write('<13>awake\n');
  assert.equal(texts(await collector.first(1_001))[1_000], 'awake');
  const closed = idle.map((socket) => gone(socket));
  assert.equal((await flight.shootDown()).clean, true);
  await launched;
  await Promise.all(closed);
});

test('senders of an octet at a time, and connections that are cut in the middle of a message, hold nobody up', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const { port, counts } = await fly(t, collector, 'syslogproducer');
  const slow = await crowd(t, port, 50);
  const cut = await crowd(t, port, 50);
  const random = seeded(514);
  for (const socket of cut) socket.write(random(2) ? '<13>half a li' : '100 <13>half a frame');
  const quick = await dial(t, port);
  const line = '<13>slow, and complete';
  for (const [at, octet] of line.split('').entries()) {
    for (const socket of slow) socket.write(octet);
    quick.write(`<13>quick ${at}\n`);
    // Nobody sends the next octet before the quick one has been served.
    await until(() => collector.messages.length === at + 1);
  }
  for (const socket of cut) {
    if (random(2)) socket.resetAndDestroy();
    else socket.destroy();
  }
  await until(async () => {
    const { framesBroken, frames } = await counts();
    // A line that ends with FIN is complete.
    return framesBroken + frames - line.length === cut.length;
  });
  for (const socket of slow) socket.end('\n');
  await until(() => texts(collector.messages).filter((text) => text === 'slow, and complete').length === slow.length);
  const quicks = texts(collector.messages).filter((text) => text.startsWith('quick'));
  assert.deepEqual(
    quicks,
    Array.from({ length: line.length }, (_, at) => `quick ${at}`),
  );
});
