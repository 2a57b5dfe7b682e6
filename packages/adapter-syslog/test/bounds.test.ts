import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import {
  parseSyslog,
  SYSLOG_PRODUCER,
  syslogproducer,
  weightOf,
  type SyslogMessage,
  type UnsentMessage,
} from '@sputnikjs/adapter-syslog';
import { defineBlock, Sputnik, type BlockCommunicator, type BlockStatus } from '@sputnikjs/core';
import type { ProduceMessage } from '@sputnikjs/messaging';
import { Collector, datagrams, dial, fly, until } from './support.js';

const MiB = 1024 * 1024;

test('datagrams that wait take 4 MiB at most; then the oldest give way', async (t) => {
  const collector = new Collector<SyslogMessage>(1);
  collector.close();
  const { port, counts, flight } = await fly(t, collector, 'syslogproducer');
  const padding = 'x'.repeat(40_000);
  for (let sent = 0; sent < 150; sent += 10) {
    await datagrams(
      port,
      Array.from({ length: 10 }, (_, i) => `<13>${sent + i} ${padding}`),
    );
    await until(async () => (await counts()).datagrams === sent + 10);
    // each turn of the event loop reads a few
    for (let turns = 0; turns < 10; turns++) await turn();
  }
  // one is handled, one is in the mailbox, one waits for room in it
  const kept = 150 - 3 - (await counts()).datagramsDropped;
  assert.ok(kept * 40_008 <= 4 * MiB && (kept + 1) * 40_005 > 4 * MiB, `${kept} are kept`);
  collector.open();
  await flight.shootDown();
  const numbers = collector.messages.map((message) => Number.parseInt(textOf(message), 10));
  assert.deepEqual(numbers, [0, 1, 2, ...Array.from({ length: kept }, (_, i) => 150 - kept + i)]);
});

function textOf(message: SyslogMessage): string {
  return message.rfc === 'RFC3164' ? message.content : message.rfc === 'RFC5424' ? message.message : message.data;
}

interface Rig {
  readonly to: BlockCommunicator<SyslogMessage>;
  readonly status: (name: string) => BlockStatus;
}

/** `syslogproducer` before what stands for the producer. */
async function rig(
  t: TestContext,
  producer: Collector<ProduceMessage>,
  writer?: Collector<UnsentMessage>,
): Promise<Rig> {
  let to: Rig['to'] | undefined;
  const sender = defineBlock({
    name: 'sender',
    needs: { publisher: SYSLOG_PRODUCER },
    make: (_, { publisher }) => {
      to = publisher;
      return {};
    },
  });
  const flight = await new Sputnik({
    appBlocks: [
      ...(writer ? [{ name: 'writer', responsibility: 'syslogwriter' }] : []),
      { name: 'stub', responsibility: 'producer' },
      { name: 'syslogproducer' },
      { name: 'sender' },
    ],
    blockFactories: {
      stub: producer.definition,
      syslogproducer,
      sender,
      ...(writer ? { writer: writer.definition } : {}),
    },
  }).prepare();
  void flight.launch();
  t.after(() => {
    producer.open();
    return flight.shootDown();
  });
  assert.ok(to);
  const status = (name: string): BlockStatus =>
    flight.status().blocks.find((block) => block.name === name) as BlockStatus;
  return { to, status };
}

function message(characters: number): SyslogMessage {
  const source = { address: '192.0.2.7', port: 1, transport: 'tcp', listener: '127.0.0.1:5514' } as const;
  return { received_at: '', source, data: 'x'.repeat(characters) };
}

/** Lets everything happen that happens without the gate. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await turn();
}

test('of what came over connections 1 MiB is kept, then their senders wait', async (t) => {
  const collector = new Collector<ProduceMessage>(2);
  collector.close();
  const { to } = await rig(t, collector);
  let taken = 0;
  void (async () => {
    for (let sent = 0; sent < 200; sent++) {
      await to.ask(message(100_000), { timeoutMs: Infinity });
      taken++;
    }
  })().catch(() => {});
  // 1 is handled, 2 are in the mailbox, 1 is about to be, and 10 of 100 kB are less than 1 MiB
  await until(() => taken >= 14);
  await settled();
  assert.equal(taken, 14);
});

test('a sender that asks nothing is held up by what its messages weigh', async (t) => {
  const collector = new Collector<ProduceMessage>(2);
  collector.close();
  const { to } = await rig(t, collector);
  let taken = 0;
  void (async () => {
    for (let sent = 0; sent < 200; sent++) {
      await to.post(message(100_000));
      if (taken === 3) await settled();
      taken++;
    }
  })().catch(() => {});
  // as above; then those whose answers are held back, and those in the mailbox: 8 MiB
  const most = 14 + Math.floor((8 * MiB) / weightOf(message(100_000)));
  await until(() => taken >= most);
  await settled();
  assert.equal(taken, most);
});

test('with a writer, what the producer has not answered is 8 MiB at most', async (t) => {
  const collector = new Collector<ProduceMessage>();
  collector.close();
  const { to, status } = await rig(t, collector, new Collector<UnsentMessage>());
  void (async () => {
    for (let sent = 0; sent < 200; sent++) await to.ask(message(100_000), { timeoutMs: Infinity });
  })().catch(() => {});
  await until(() => status('stub').accepted >= 84);
  await settled();
  assert.equal(status('stub').accepted, 84);
});

test('a parsed message weighs its text and each of its parameters', () => {
  const received = { at: new Date(), source: message(0).source };
  const weigh = (text: string): number => weightOf(parseSyslog(Buffer.from(text), received));
  const plain = weigh('<13>1 - h a - - - text');
  assert.ok(weigh(`<13>1 - h a - - - ${'x'.repeat(1_000)}`) > plain + 1_000);
  assert.ok(weigh(`<13>1 - h a - - [e${' p="1"'.repeat(100)}] text`) > plain + 100 * 100);
  assert.ok(weigh(`<13>Oct 11 22:14:15 host app: ${'x'.repeat(1_000)}`) > 1_000);
  assert.ok(weigh('x'.repeat(1_000)) > 1_000);
});

/** Most messages that the publisher gets in one turn of the event loop, until it has got so many. */
async function mostInATurn(accepted: () => number, count: number): Promise<number> {
  let [most, last] = [0, accepted()];
  while (last < count) {
    await turn();
    const now = accepted();
    [most, last] = [Math.max(most, now - last), now];
  }
  return most;
}

test('a turn of the event loop has so many octets of datagrams, so that others have theirs', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const { port, status, counts } = await fly(t, collector, 'syslogproducer');
  const most = mostInATurn(() => status('syslogproducer').accepted, 60);
  await datagrams(
    port,
    Array.from({ length: 60 }, () => `<13>${'x'.repeat(50_000)}`),
  );
  // 3 of 50 kB in 128 KiB: when they come, and when their turn comes
  assert.ok((await most) <= 6, `${await most} in a turn`);
  assert.equal((await counts()).datagramsDropped, 0);
});

test('structured data that is too large is counted and told, with its sender; the message arrives as text', async (t) => {
  const collector = new Collector<SyslogMessage>();
  const { port, counts, logs } = await fly(t, collector, 'syslogproducer');
  const socket = await dial(t, port);
  const structure = `[e${' p="1"'.repeat(1_025)}]`;
  socket.write(`<13>1 - h a - - ${structure} text\n<13>1 - h a - - [e p="1"] text\n<13>1 - h a - - [malformed text\n`);
  const [first] = await collector.first(3);
  assert.equal(first && textOf(first), `${structure} text`);
  assert.equal((await counts()).structuresTooLarge, 1);
  const { text, remoteAddress } = await logs.first('structureTooLarge');
  assert.equal(
    text,
    'structured data with more than 128 elements, or 1,024 parameters, stays in the text of its message',
  );
  assert.equal(remoteAddress, '127.0.0.1');
});
