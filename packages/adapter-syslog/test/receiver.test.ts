import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SyslogMessage } from '@sputnikjs/adapter-syslog';
import { Collector, datagrams, dial, fly, gone, prepare, stalled, textOf, texts, until } from './support.js';

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
  assert.deepEqual([first && textOf(first), first?.truncated], ['x'.repeat(496), true]);
  assert.equal(Object.keys(first ?? {}).at(-1), 'content');
  assert.deepEqual([next && textOf(next), next && 'truncated' in next], ['next', false]);
  assert.equal(logs.of('frameTruncated')[0]?.['remoteAddress'], '127.0.0.1');
});

test('a line that is too long is refused where that is configured; the connection lives on', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const receiver = { maxMessageBytes: 500, tooLong: 'refuse' };
  const { port, logs, counts } = await fly(t, collector, 'syslogproducer', { receiver });
  (await dial(t, port)).write(`<13>${'x'.repeat(100_000)}\n<13>next\n`);
  assert.deepEqual(texts(await collector.first(1)), ['next']);
  assert.match((await logs.first('frameRefused')).text, /longer than maxMessageBytes \(500\)/);
  const { frames, framesRefused, framesTruncated } = await counts();
  assert.deepEqual({ frames, framesRefused, framesTruncated }, { frames: 1, framesRefused: 1, framesTruncated: 0 });
});

for (const tooLong of ['cut', 'refuse']) {
  test(`a datagram, a line and a counted frame that are too long are treated alike (${tooLong})`, async (t) => {
    const collector = new Collector<SyslogMessage>();
    const receiver = { maxMessageBytes: 500, tooLong };
    const { port, counts } = await fly(t, collector, 'syslogproducer', { receiver });
    const long = `<13>${'x'.repeat(600)}`;
    await datagrams(port, [long, `<13>${'d'.repeat(496)}`]);
    (await dial(t, port)).write(`${long}\n<13>line\n`);
    (await dial(t, port)).write(`${long.length} ${long}11 <13>counted`);
    const cut = Array<string>(3).fill('x'.repeat(496));
    const others = ['counted', 'd'.repeat(496), 'line'];
    const expected = tooLong === 'cut' ? [...others, ...cut] : others;
    const messages = await collector.first(expected.length);
    assert.deepEqual(texts(messages).toSorted(), expected);
    assert.equal(messages.filter(({ truncated }) => truncated).length, tooLong === 'cut' ? 3 : 0);
    const { framesTruncated, framesRefused } = await counts();
    assert.deepEqual([framesTruncated, framesRefused], tooLong === 'cut' ? [3, 0] : [0, 3]);
  });
}

test('text that begins with digits and not with a count is a line, and is not lost', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const { port } = await fly(t, collector, 'syslogproducer');
  (await dial(t, port)).write('12x\n2026-11-23 no PRI\n');
  assert.deepEqual(texts(await collector.first(2)), ['12x', '2026-11-23 no PRI']);
});

test('a FIN inside a counted frame is told, with what had come, and harms no other', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const { port, logs, counts } = await fly(t, collector, 'syslogproducer');
  const good = await dial(t, port);
  good.write('<13>before\n<13>half');
  await collector.first(1);
  const hostile = await dial(t, port);
  const closed = gone(hostile);
  hostile.end('9 <13>whole10 <13>');
  await closed;
  good.end(' and half');
  assert.deepEqual(texts(await collector.first(3)).toSorted(), ['before', 'half and half', 'whole']);
  assert.match((await logs.first('frameBroken')).text, /4 of the 10 octets/);
  assert.equal((await counts()).framesBroken, 1);
});

test('a connection that nothing comes from for idleTimeoutMs is closed, counted and told; one that sends is not', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const receiver = { idleTimeoutMs: 300 };
  const { port, logs, counts } = await fly(t, collector, 'syslogproducer', { receiver });
  const [idle, busy] = [await dial(t, port), await dial(t, port)];
  const octets = setInterval(() => busy.write('x'), 20);
  t.after(() => clearInterval(octets));
  idle.write('<13>once\n');
  await gone(idle);
  assert.match((await logs.first('connectionIdle')).text, /nothing came from it for 300 ms/);
  assert.equal((await counts()).connectionsIdle, 1);
  busy.end('\n');
  assert.match(texts(await collector.first(2))[1] ?? '', /^x+$/);
});

test('blank lines keep no connection beyond idleTimeoutMs', async (t) => {
  const receiver = { idleTimeoutMs: 300 };
  const { port, counts } = await fly(t, new Collector<SyslogMessage>(), 'syslogproducer', { receiver });
  for (const blank of ['\n', ' \n', '\0']) {
    const socket = await dial(t, port);
    const keepOn = setInterval(() => socket.write(blank), 20);
    t.after(() => clearInterval(keepOn));
    await gone(socket);
    clearInterval(keepOn);
  }
  assert.equal((await counts()).connectionsIdle, 3);
});

test('a connection that is pushed back is not idle', async (t) => {
  const collector = new Collector<SyslogMessage>(1);
  collector.close();
  const receiver = { idleTimeoutMs: 50 };
  const { port, status, logs } = await fly(t, collector, 'syslogproducer', { receiver });
  const pushedBack = await dial(t, port);
  pushedBack.write('<13>1\n<13>2\n<13>3\n<13>4\n');
  await until(() => status('syslogproducer').rejected > 0);
  // Its time passes twice meanwhile.
  for (let n = 0; n < 2; n++) await gone(await dial(t, port));
  collector.open();
  assert.deepEqual(texts(await collector.first(4)), ['1', '2', '3', '4']);
  assert.equal(logs.of('connectionIdle').length > 0, true);
  await gone(pushedBack);
});

test('what is below the severityLevel is not passed on, and counted; what has no severity is', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const receiver = { severityLevel: 4 };
  const { port, counts } = await fly(t, collector, 'syslogproducer', { receiver });
  await datagrams(port, ['<5>notice', '<4>warning']);
  await collector.first(1);
  (await dial(t, port)).end('<7>debug\n<0>emergency\nnone\n<6>info\n<3>error\n');
  assert.deepEqual(texts(await collector.first(4)), ['warning', 'emergency', 'none', 'error']);
  const { datagrams: came, frames, filtered } = await counts();
  assert.deepEqual({ came, frames, filtered }, { came: 2, frames: 5, filtered: 3 });
});

test('time stamps without a zone are read in the timeZone configured', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const receiver = { timeZone: 'Asia/Tokyo' };
  const { port } = await fly(t, collector, 'syslogproducer', { receiver });
  await datagrams(port, ['<13>Jan  5 2026 09:00:00 host app: x']);
  const [message] = await collector.first(1);
  assert.equal(message?.rfc === 'RFC3164' ? message.timestamp : undefined, '2026-01-05T00:00:00.000Z');
});

test('a connection that breaks inside a frame is told, and harms no other', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const { port, logs, counts } = await fly(t, collector, 'syslogproducer');
  const good = await dial(t, port);
  const hostile = await dial(t, port);
  hostile.write('<13>whole\n<13>par');
  await collector.first(1);
  hostile.resetAndDestroy();
  assert.match((await logs.first('connectionFailed')).text, /ECONNRESET/);
  assert.match((await logs.first('frameBroken')).text, /in the middle of a message; 7 octets had arrived/);
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
