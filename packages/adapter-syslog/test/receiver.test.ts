import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SyslogMessage } from '@sputnikjs/adapter-syslog';
import { Collector, dial, fly, gone, prepare, stalled, texts } from './support.js';

test('a last message counts though FIN stands for its newline', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const { port } = await fly(t, collector, 'syslogproducer');
  (await dial(t, port)).end('<13>first\n<14>last');
  assert.deepEqual(texts(await collector.first(2)), ['first', 'last']);
});

test('a line that is too long arrives without its end, and says so; the connection lives on', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const { port, logs } = await fly(t, collector, 'syslogproducer', { receiver: { maxMessageBytes: 500 } });
  (await dial(t, port)).write(`<13>${'x'.repeat(100_000)}\n<13>next\n`);
  const [first, next] = await collector.first(2);
  assert.deepEqual([first?.message, first?.truncated], ['x'.repeat(496), true]);
  assert.equal(Object.keys(first ?? {}).at(-1), 'message');
  assert.deepEqual([next?.message, next && 'truncated' in next], ['next', false]);
  assert.equal(logs.of('frameTruncated')[0]?.['remoteAddress'], '127.0.0.1');
});

for (const [what, bytes, told] of [
  ['a count above the limit', '70000 <13>', /more than maxMessageBytes \(65536\)/],
  ['what is no count', '12x', /must begin with an octet count/],
  ['a FIN inside a counted frame', '10 <13>', /4 of the 10 octets/],
] as const) {
  test(`${what} ends its own connection, with a reason, and no other`, async (t) => {
    const collector = new Collector<SyslogMessage>();
    const { port, logs, counts } = await fly(t, collector, 'syslogproducer');
    const good = await dial(t, port);
    good.write('<13>before\n<13>half');
    await collector.first(1);
    const hostile = await dial(t, port);
    const closed = gone(hostile);
    if (what.includes('FIN')) hostile.end(`<13>whole\n${bytes}`);
    else hostile.write(`<13>whole\n${bytes}`);
    await closed;
    good.end(' and half');
    assert.deepEqual(texts(await collector.first(3)).toSorted(), ['before', 'half and half', 'whole']);
    assert.match((await logs.first('frameBroken')).text, told);
    assert.equal((await counts()).framesBroken, 1);
  });
}

test('a connection that breaks inside a frame is told, and harms no other', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const { port, logs, counts } = await fly(t, collector, 'syslogproducer');
  const good = await dial(t, port);
  const hostile = await dial(t, port);
  hostile.write('<13>whole\n<13>par');
  await collector.first(1);
  hostile.resetAndDestroy();
  assert.match((await logs.first('connectionFailed')).text, /ECONNRESET/);
  assert.match((await logs.first('frameBroken')).text, /in the middle of a frame/);
  good.write('<13>fine\n');
  assert.deepEqual(texts(await collector.first(2)), ['whole', 'fine']);
  assert.equal((await counts()).framesBroken, 1);
});

test('what comes before the launch waits for it', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const prepared = await prepare(collector, 'syslogproducer');
  const socket = await dial(t, prepared.port);
  socket.write('<13>early\n');
  await stalled(socket);
  assert.equal(prepared.status('syslogproducer').accepted, 0);
  const { flight, launched } = prepared.launch();
  assert.deepEqual(texts(await collector.first(1)), ['early']);
  await flight.shootDown();
  await launched;
});

test('a landing before the launch takes nothing in, and lets go of port and connections', async (t) => {
  const { flight, port, status } = await prepare(new Collector<SyslogMessage>(), 'syslogproducer');
  const socket = await dial(t, port);
  const closed = gone(socket);
  socket.write('<13>early\n');
  await stalled(socket);
  await flight.shootDown();
  await closed;
  assert.equal(status('syslogproducer').accepted, 0);
  const again = await prepare(new Collector<SyslogMessage>(), 'syslogproducer', { receiver: { port } });
  await again.flight.shootDown();
});
