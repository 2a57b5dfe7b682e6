// Faults that outages, senders and logs brought out in the field, ours and those of others.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import type { SyslogMessage } from '@sputnikjs/adapter-syslog';
import { defineBlock } from '@sputnikjs/core';
import { launch, stored, takeAway, type Scene } from './field.js';
import { Collector, datagrams, dial, fly, prepare, stalled, textOf, texts, until } from './support.js';

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${name}${i}`);
}

/** Sends datagrams, a hundred at a time, so that the kernel drops none. */
async function sendDatagrams(port: number, texts: readonly string[]): Promise<void> {
  for (let i = 0; i < texts.length; i += 100) {
    await datagrams(
      port,
      texts.slice(i, i + 100).map((text) => `<13>${text}`),
    );
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A sender by TCP that has more to send than anybody holds; resolves when a satellite in its own process pushes it back. */
async function pushBack(t: TestContext, port: number, count: number): Promise<string[]> {
  const texts = numbered('t', count);
  const socket = await dial(t, port);
  socket.write(`${texts.map((text) => `<13>${text} ${'x'.repeat(1_000)}`).join('\n')}\n`);
  await stalled(socket);
  assert.ok(socket.writableLength > 0, 'the sender could send all');
  // nothing tells from outside when the satellite has read as much as it will
  await new Promise((resolve) => setTimeout(resolve, 500));
  return texts;
}

const firstWord = (text: string): string => text.split(' ')[0] as string;
const of = (name: string, texts: readonly string[]): string[] =>
  texts.map(firstWord).filter((text) => text[0] === name);

test('datagrams that come while the server is away and a TCP sender waits all arrive when it is back; so does what that sends', async (t) => {
  const scene = await launch(t);
  await takeAway(scene);
  const waiting = await pushBack(t, scene.port, 20_000);
  const texts = numbered('u', 200);
  await sendDatagrams(scene.port, texts);
  await scene.server.start();
  const arrived = await stored(scene.server, 20_200);
  assert.deepEqual(of('u', arrived), texts);
  assert.deepEqual(of('t', arrived), waiting);
  const { code, landed } = await scene.satellite.land();
  assert.deepEqual([code, landed['clean']], [0, true]);
  assert.equal(scene.satellite.count('datagramsDropped') + scene.satellite.count('messagesDropped'), 0);
});

/** What the writer of a scene has in its file. */
function unsent({ cf }: Scene): string[] {
  const lines = readFileSync(join(cf, 'unsent.ndjson'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => textOf((JSON.parse(line) as { message: SyslogMessage }).message));
}

test('datagrams that come while the server is away and a TCP sender waits are written at landing, if there is a writer', async (t) => {
  const scene = await launch(t, { syslogwriter: {}, sputnik: { timeouts: { landingMs: 4_000 } } });
  await takeAway(scene);
  await pushBack(t, scene.port, 20_000);
  const texts = numbered('u', 5);
  await sendDatagrams(scene.port, texts);
  await new Promise((resolve) => setTimeout(resolve, 100));
  await scene.satellite.land();
  assert.deepEqual(of('u', unsent(scene)), texts);
});

test('datagrams beyond keepMessages give way to the writer, the oldest first, though a TCP sender waits', async (t) => {
  const scene = await launch(t, { syslogwriter: {}, syslogproducer: { keepMessages: 50 } });
  await takeAway(scene);
  const waiting = await pushBack(t, scene.port, 20_000);
  const isWritten = (): boolean => scene.satellite.records('messagesWritten').length > 0;
  const texts: string[] = [];
  // some datagrams find room while the TCP sender is not pushed back yet
  for (let batch = 0; batch < 60 && !isWritten(); batch++) {
    const more = numbered(`u${batch}-`, 300);
    texts.push(...more);
    await sendDatagrams(scene.port, more);
    for (let tries = 0; tries < 20 && !isWritten(); tries++) await sleep(50);
  }
  assert.ok(isWritten(), 'nothing was written');
  await scene.server.start();
  let arrived = await stored(scene.server, 20_050);
  // more datagrams may have found room than are kept
  while (of('t', arrived).length < waiting.length) arrived = await stored(scene.server, arrived.length + 1);
  assert.deepEqual(of('t', arrived), waiting);
  const { code } = await scene.satellite.land();
  assert.equal(code, 0, 'what is written is not lost');
  const written = of('u', unsent(scene));
  const sent = of('u', arrived);
  assert.ok(written.length > 0 && sent.length >= 50, `${written.length} were written`);
  const inOrder = (some: readonly string[]): string[] => texts.filter((text) => some.includes(text));
  assert.deepEqual([written, sent], [inOrder(written), inOrder(sent)]);
  assert.equal(new Set([...written, ...sent]).size, texts.length, 'each is there');
});

test('datagrams that were dropped while the server was away are in the report: the landing is not clean, the exit code is 1', async (t) => {
  const scene = await launch(t);
  await takeAway(scene);
  const count = 30_000;
  await sendDatagrams(scene.port, numbered('u', count));
  await scene.server.start();
  // As many as are kept, and what the producer holds; this many at least.
  await stored(scene.server, 16_384);
  const { code, landed } = await scene.satellite.land();
  assert.equal(code, 1);
  assert.equal(landed['clean'], false);
  const [, dropped] = /(\d+) datagrams were dropped: there was no room/.exec(JSON.stringify(landed)) ?? [];
  assert.ok(Number(dropped) > 0, JSON.stringify(landed));
  assert.equal(scene.satellite.count('messagesDropped'), Number(dropped));
  const byKernel = scene.satellite.count('datagramsDroppedByKernel');
  const arrived = await stored(scene.server, 0);
  assert.equal(arrived.length + Number(dropped) + byKernel, count, 'each datagram is accounted for');
  for (const { msg } of scene.satellite.records('messagesDropped')) assert.doesNotMatch(String(msg), /faster/);
});

test('many TCP senders that are pushed back, and datagrams, all go on while the server is slow: neither starves the other', async (t) => {
  const collector = new Collector<SyslogMessage>(4);
  collector.close();
  const { port, counts } = await fly(t, collector, 'syslogproducer');
  for (const name of 'abc') {
    const socket = await dial(t, port);
    socket.end(`${numbered(name, 1_000).join('\n')}\n`);
  }
  await until(async () => (await counts()).connections === 3);
  await datagrams(port, numbered('u', 300));
  await until(async () => (await counts()).datagrams === 300);
  collector.open();
  const texts = (await collector.first(3_300)).map(textOf);
  for (const [name, count] of Object.entries({ a: 1_000, b: 1_000, c: 1_000, u: 300 }))
    assert.deepEqual(of(name, texts), numbered(name, count), 'each in its own order');
  const lastDatagram = texts.findLastIndex((text) => text.startsWith('u'));
  const before = lastDatagram + 1 - 300;
  assert.ok(before > 200 && before < 1_500, `${before} messages of connections went on before the last datagram`);
});

test('a block in between that has little room costs no datagram, though a TCP sender waits for it', async (t) => {
  const collector = new Collector<SyslogMessage>(2);
  collector.close();
  const { port, flight, status, counts } = await fly(t, collector, 'syslogproducer');
  const socket = await dial(t, port);
  socket.end(`${numbered('t', 500).join('\n')}\n`);
  await until(() => status('syslogproducer').rejected > 0);
  await datagrams(port, numbered('u', 200));
  await until(async () => (await counts()).datagrams === 200);
  collector.open();
  const texts = (await collector.first(700)).map(textOf);
  assert.deepEqual(of('u', texts), numbered('u', 200));
  assert.deepEqual(of('t', texts), numbered('t', 500));
  assert.equal((await flight.shootDown()).clean, true);
});

test('a message at which the block that was asked about it fails is lost in no silence: it is counted, told, and in the report', async (t) => {
  let handled = 0;
  const definition = defineBlock({
    name: 'moody',
    make: () => ({
      onMsg() {
        // the one that is a question
        if (++handled === 256) throw new Error('a bad day');
      },
    }),
  });
  const { launch: go, port, flight, logs } = await prepare({ definition }, 'syslogproducer');
  const { launched } = go();
  t.after(() => flight.shootDown());
  const socket = await dial(t, port);
  socket.end(`${numbered('t', 600).join('\n')}\n`);
  await until(() => handled === 600);
  assert.equal((await flight.shootDown()).clean, false);
  await launched;
  const [line] = logs.of('framesLost');
  assert.deepEqual([line?.['count'], String(line?.['error'])], [1, 'Error: a bad day']);
});

// graylog-labs/syslog4j-graylog2#5; otoolep/syslog-gollector#12: an empty line by TCP
test('a datagram with nothing in it is no message: it is dropped, counted and told', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const { port, counts, logs } = await fly(t, collector, 'syslogproducer');
  const empty = ['', '\0', '\n', '\r\n', ' ', '\t', ' \0\n \0', '0 ', '2 \r\n'];
  await datagrams(port, [...empty, '<13>', '0', '-', '<13>full']);
  await collector.first(4);
  assert.deepEqual(collector.messages.map(textOf), ['', '0', '-', 'full'], 'what has a priority is a message');
  assert.equal((await counts()).empty, empty.length);
  assert.equal(logs.of('messageEmpty').length, 1);
  const source = (await counts()).listeners.find(({ transport }) => transport === 'udp');
  assert.equal(source?.empty, empty.length);
});

test('by TCP a counted frame with nothing in it, or a line of blanks, is dropped and counted, and what follows is read on', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const tcp = { transport: 'tcp', port: 0 };
  const receiver = { listeners: [{ ...tcp, framing: 'octet-counting' }, tcp] };
  const { port, counts, logs } = await fly(t, collector, 'syslogproducer', { receiver });
  for (const cut of [1, 1_000]) {
    const socket = await dial(t, port);
    const stream = '6 <13>ab0 0 3  \n\u00006 <13>cd0 ';
    for (let at = 0; at < stream.length; at += cut) {
      socket.write(stream.slice(at, at + cut));
      await turn();
    }
    socket.end();
  }
  const lines = await dial(t, Number(logs.of('listening')[1]?.['port']));
  lines.end('\n\n<13>ef\n\r\n   \n\0\n0 is a line\n');
  await collector.first(6);
  assert.deepEqual(collector.messages.map(textOf).toSorted(), ['0 is a line', 'ab', 'ab', 'cd', 'cd', 'ef']);
  await until(async () => (await counts()).empty === 2 * 4 + 1);
  const { framesBroken } = await counts();
  assert.equal(framesBroken, 0);
});

test('a line that begins with a number is a line, by TCP too, and those after it are messages', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const { port, counts } = await fly(t, collector, 'syslogproducer');
  const stream = '54 minutes elapsed\n<134>Nov 29 08:00:00 h app: one\n<134>Nov 29 08:00:00 h app: two\n';
  for (const cut of [1, 7, stream.length]) {
    const before = collector.messages.length;
    const socket = await dial(t, port);
    for (let at = 0; at < stream.length; at += cut) {
      socket.write(stream.slice(at, at + cut));
      await turn();
    }
    socket.end();
    const messages = (await collector.first(before + 3)).slice(-3);
    assert.deepEqual(texts(messages), ['54 minutes elapsed', 'one', 'two']);
    assert.deepEqual(
      messages.map(({ rfc }) => rfc),
      [undefined, 'RFC3164', 'RFC3164'],
    );
  }
  assert.equal((await counts()).countsWrong, 0);
});

test('an octet count in characters instead of octets costs the messages after it nothing, and is told', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const { port, counts, logs } = await fly(t, collector, 'syslogproducer');
  const texts5 = ['<13>grün', '<13>größer', '<13>plain', '<13>señor', '<13>end'];
  const socket = await dial(t, port);
  // As it would be with octets, these are 9, 12, 9, 10 and 7.
  socket.write(texts5.map((text) => `${text.length} ${text}`).join(''));
  await collector.first(8);
  assert.deepEqual(collector.messages.filter(({ rfc }) => rfc).map(textOf), [
    'gr\u00fc',
    'gr\u00f6\u00df',
    'plain',
    'se\u00f1o',
    'end',
  ]);
  await until(async () => (await counts()).countsWrong === 3);
  assert.equal(logs.of('countWrong').length, 1);
});

for (const [framing, expected] of [
  ['newline', ['4 <13>a', '5 <13>b']],
  ['octet-counting', ['<13', 'a', '<13>b']],
] as const) {
  test(`a listener of framing ${framing} has its messages framed so, whatever they look like`, async (t) => {
    const collector = new Collector<SyslogMessage>();
    const { port } = await fly(t, collector, 'syslogproducer', {
      receiver: { listeners: [{ transport: 'tcp', port: 0, framing }] },
    });
    (await dial(t, port)).end(framing === 'newline' ? '4 <13>a\n5 <13>b\n' : '3 <131 a5 <13>b');
    const messages = await collector.first(expected.length);
    assert.deepEqual(
      texts(messages),
      expected.map((text) => text.replace(/^<13>/, '')),
    );
  });
}
