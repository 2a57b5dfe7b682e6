import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import {
  SYSLOG_PRODUCER,
  syslogproducer,
  type SyslogMessage,
  type SyslogSource,
  type UnsentMessage,
} from '@sputnikjs/adapter-syslog';
import {
  defineBlock,
  Sputnik,
  type BlockCommunicator,
  type BlockDefinition,
  type BlockStatus,
  type Flight,
  type LandingReport,
} from '@sputnikjs/core';
import type { ProduceMessage } from '@sputnikjs/messaging';
import { Collector, Logs, textOf, until } from './support.js';

const TCP: SyslogSource = { address: '192.0.2.7', port: 1, transport: 'tcp', listener: '127.0.0.1:5514' };
const UDP: SyslogSource = { ...TCP, transport: 'udp' };

function data(text: string | number, source: SyslogSource): SyslogMessage {
  return { received_at: '', source, data: String(text) };
}

interface Rig {
  readonly flight: Flight;
  readonly launched: Promise<LandingReport>;
  readonly logs: Logs;
  readonly to: BlockCommunicator<SyslogMessage>;
  /** Resolves when the block has taken so many messages. */
  readonly handled: (count: number) => Promise<void>;
}

interface RigOptions {
  readonly producer: BlockDefinition;
  readonly writer?: Collector<UnsentMessage>;
  readonly config?: object;
  readonly configs?: Readonly<Record<string, unknown>>;
  readonly landingMs?: number;
}

/** A flight of `syslogproducer` between a sender and what stands for the producer. */
async function rig(
  t: TestContext,
  { producer, writer, config = {}, configs = {}, landingMs = 25_000 }: RigOptions,
): Promise<Rig> {
  const logs = new Logs();
  let to: Rig['to'] | undefined;
  const sender = defineBlock({
    name: 'sender',
    needs: { publisher: SYSLOG_PRODUCER },
    make: (_, { publisher }) => {
      to = publisher;
      return {};
    },
  });
  const all: Readonly<Record<string, unknown>> = { syslogproducer: config, ...configs };
  const flight = await new Sputnik({
    appBlocks: [
      ...(writer ? [{ name: 'writer', responsibility: 'syslogwriter' }] : []),
      { name: 'stub', responsibility: 'producer' },
      { name: 'syslogproducer' },
      { name: 'sender' },
    ],
    blockFactories: { stub: producer, syslogproducer, sender, ...(writer ? { writer: writer.definition } : {}) },
    config: (name) => all[name],
    log: logs.log,
    timeouts: { landingMs },
  }).prepare();
  const launched = flight.launch();
  launched.catch(() => {});
  t.after(() => flight.shootDown());
  assert.ok(to);
  const block = (): BlockStatus | undefined => flight.status().blocks.find(({ name }) => name === 'syslogproducer');
  const handled = (count: number): Promise<void> => until(() => block()?.handled === count);
  return { flight, launched, logs, to, handled };
}

function textsOf(messages: readonly ProduceMessage[]): string[] {
  return messages.map(({ payload }) => textOf(JSON.parse(payload.toString()) as SyslogMessage));
}

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => String(from + i));
}

/** Lets everything happen that happens without the gate. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await turn();
}

test('while the server takes nothing, a sender that can wait does; what is kept of it is bounded, and all arrives in order', async (t) => {
  const collector = new Collector<ProduceMessage>(2);
  collector.close();
  const { to } = await rig(t, { producer: collector.definition, config: { keepMessages: 10 } });
  let taken = 0;
  const sent = (async () => {
    for (let i = 0; i < 2_000; i++) {
      await to.ask(data(i, TCP), { timeoutMs: Infinity });
      taken++;
    }
  })();
  // 1 is handled, 2 are in the mailbox, 1 is about to be, and 64 are kept; the next is not answered
  const most = 1 + 2 + 1 + 64;
  await until(() => taken >= most);
  await settled();
  assert.equal(taken, most);
  collector.open();
  await sent;
  assert.deepEqual(textsOf(await collector.first(2_000)), numbers(0, 2_000));
});

test('a sender that asks nothing is held up by the mailbox', async (t) => {
  const collector = new Collector<ProduceMessage>(2);
  collector.close();
  const { to } = await rig(t, { producer: collector.definition });
  let taken = 0;
  const sent = (async () => {
    for (let i = 0; i < 3_000; i++) {
      await to.post(data(i, TCP));
      if (i === 10) await settled();
      taken++;
    }
  })();
  // as above; then 1,024 answers are held back, and as many messages are in the mailbox
  const most = 1 + 2 + 1 + 64 + 1_024 + 1_024;
  await until(() => taken >= most);
  await settled();
  assert.equal(taken, most);
  collector.open();
  await sent;
  assert.deepEqual(textsOf(await collector.first(3_000)), numbers(0, 3_000));
});

test('of datagrams the oldest ones give way; that is counted and told, and the others arrive, in order', async (t) => {
  const collector = new Collector<ProduceMessage>(2);
  collector.close();
  const { to, logs, flight } = await rig(t, { producer: collector.definition, config: { keepMessages: 10 } });
  await until(() => to.send(data(0, UDP)));
  await settled();
  for (let i = 1; i < 500; i++) to.send(data(i, UDP));
  await settled();
  collector.open();
  await flight.shootDown();
  // 0 is handled, 1 and 2 are in the mailbox, and 3 is about to be; ten are kept
  assert.deepEqual(textsOf(collector.messages), [...numbers(0, 4), ...numbers(490, 500)]);
  assert.equal(
    logs.of('messagesDropped').reduce((sum, { count }) => sum + Number(count), 0),
    500 - 14,
  );
});

test('datagrams and what came over connections go on in turn, and neither takes a place of the other', async (t) => {
  const collector = new Collector<ProduceMessage>(1);
  collector.close();
  const { to, flight } = await rig(t, { producer: collector.definition, config: { keepMessages: 3 } });
  for (let i = 0; i < 8; i++) await to.post(data(`t${i}`, TCP));
  for (let i = 0; i < 5; i++) await to.post(data(`u${i}`, UDP));
  await settled();
  collector.open();
  await flight.shootDown();
  assert.deepEqual(textsOf(collector.messages), 't0 t1 u2 t2 u3 t3 u4 t4 t5 t6 t7'.split(' '));
});

test('the bound in bytes counts as that in messages does, and a message beyond it alone passes', async (t) => {
  const collector = new Collector<ProduceMessage>(1);
  collector.close();
  const { to, flight } = await rig(t, { producer: collector.definition, config: { keepBytes: 3_000 } });
  const padding = 'x'.repeat(900);
  for (let i = 0; i < 20; i++) {
    await to.post(data(`${i} ${padding}`, UDP));
    await settled();
  }
  collector.open();
  await settled();
  await to.post(data(`20 ${'x'.repeat(10_000)}`, TCP));
  await flight.shootDown();
  const arrived = textsOf(collector.messages).map((text) => Number.parseInt(text, 10));
  assert.deepEqual(arrived, [0, 1, 2, 18, 19, 20]);
});

test('a landing delivers what is kept', async (t) => {
  const collector = new Collector<ProduceMessage>(1);
  collector.close();
  const { to, flight } = await rig(t, { producer: collector.definition });
  for (let i = 0; i < 1_200; i++) await to.post(data(i, TCP));
  await settled();
  const landed = flight.shootDown();
  await until(() => flight.status().state === 'landing');
  collector.open();
  assert.equal((await landed).clean, true);
  assert.deepEqual(textsOf(collector.messages), numbers(0, 1_200));
});

test('a landing delivers datagrams, too, that it finds in the mailbox', async (t) => {
  const collector = new Collector<ProduceMessage>(1);
  const { to, flight } = await rig(t, { producer: collector.definition });
  for (let i = 0; i < 500; i++) assert.ok(to.send(data(i, UDP)));
  assert.equal((await flight.shootDown()).clean, true);
  assert.deepEqual(textsOf(collector.messages), numbers(0, 500));
});

test('what is still kept when time is over is counted, told, and a failure of the landing', async (t) => {
  const collector = new Collector<ProduceMessage>(1);
  collector.close();
  const { to, flight, logs, handled } = await rig(t, { producer: collector.definition, landingMs: 300 });
  for (let i = 0; i < 50; i++) await to.post(data(i, TCP));
  await handled(50);
  const report = await flight.shootDown();
  assert.equal(report.clean, false);
  const lost = logs.of('messagesLost').reduce((sum, { count }) => sum + Number(count), 0);
  assert.equal(lost, 48, 'one is handled, one in the mailbox');
  assert.ok(report.failures.some(({ error }) => /48 messages could not be delivered/.test((error as Error).message)));
});

/** Stands for a producer that refuses every third message, in a mailbox with little room. */
function choosy(taken: string[]): BlockDefinition {
  return defineBlock({
    name: 'choosy',
    make: () => ({
      mailbox: { capacity: 3, concurrency: 2 },
      async onMsg(message: ProduceMessage) {
        await turn();
        const text = textsOf([message])[0] as string;
        if (Number(text) % 3 === 0) throw new Error(`too large: ${text}`);
        taken.push(text);
      },
      onError: () => 'continue' as const,
    }),
  });
}

test('a writer is given what the server refuses, with the reason; the rest arrives in order', async (t) => {
  const taken: string[] = [];
  const writer = new Collector<UnsentMessage>();
  const { to, flight } = await rig(t, { producer: choosy(taken), writer });
  for (let i = 0; i < 600; i++) await to.post(data(i, TCP));
  const report = await flight.shootDown();
  assert.equal(report.clean, true);
  assert.deepEqual(
    taken,
    numbers(0, 600).filter((i) => Number(i) % 3 !== 0),
  );
  assert.equal(writer.messages.length, 200);
  for (const [index, { target, payload, reason }] of writer.messages.entries()) {
    assert.deepEqual(textsOf([{ target, payload }]), [String(3 * index)]);
    assert.deepEqual([target, reason], ['syslog', `too large: ${3 * index}`]);
  }
});

test('a writer is given what cannot be kept, and at landing what the server has not taken', async (t) => {
  const collector = new Collector<ProduceMessage>(1);
  collector.close();
  const writer = new Collector<UnsentMessage>();
  const options = { producer: collector.definition, writer, config: { keepMessages: 5 }, landingMs: 500 };
  const { to, flight, logs } = await rig(t, options);
  for (let i = 0; i < 20; i++) await to.post(data(i, UDP));
  await settled();
  await flight.shootDown();
  const written = textsOf(writer.messages).map(Number);
  assert.deepEqual(
    written.toSorted((a, b) => a - b),
    numbers(0, 20).map(Number),
    'all, for nothing was answered',
  );
  assert.equal(logs.of('messagesLost').length + logs.of('messagesDropped').length, 0);
});

test('with a writer, too, connections wait, and nothing of theirs is written as long as the satellite flies', async (t) => {
  const collector = new Collector<ProduceMessage>(1);
  collector.close();
  const writer = new Collector<UnsentMessage>();
  const { to, flight } = await rig(t, { producer: collector.definition, writer, config: { keepMessages: 5 } });
  for (let i = 0; i < 40; i++) await to.post(data(i, TCP));
  await settled();
  collector.open();
  await flight.shootDown();
  assert.equal(writer.messages.length, 0);
  assert.deepEqual(textsOf(collector.messages), numbers(0, 40));
});

test('a message goes to all its targets, however little room there is', async (t) => {
  const collector = new Collector<ProduceMessage>(1);
  collector.close();
  const configs = {
    syslogconf: [
      { Selector: 'data', Target: 'bad' },
      { Selector: 'data', Target: 'from.{transport}' },
      { Selector: 'kern', Target: 'kernel' },
    ],
  };
  const { to, flight } = await rig(t, { producer: collector.definition, configs, config: { keepMessages: 1 } });
  for (let i = 0; i < 10; i++) await to.post(data(i, TCP));
  collector.open();
  await flight.shootDown();
  assert.deepEqual(
    collector.messages.map(({ target }) => target),
    numbers(0, 10).flatMap(() => ['bad', 'from.tcp']),
  );
  assert.deepEqual(
    textsOf(collector.messages),
    numbers(0, 10).flatMap((i) => [i, i]),
  );
});

test('two blocks may have routes of their own, by name; one that is named has to be there', async (t) => {
  const collector = new Collector<ProduceMessage>();
  const configs = { syslogconf: [{ Selector: 'data', Target: 'a' }], other: [{ Selector: 'data', Target: 'b' }] };
  const { to, flight } = await rig(t, { producer: collector.definition, configs, config: { routing: 'other' } });
  await to.post(data('x', TCP));
  await flight.shootDown();
  assert.equal(collector.messages[0]?.target, 'b');
  await assert.rejects(rig(t, { producer: collector.definition, config: { routing: 'none' } }), (error: Error) => {
    assert.match(JSON.stringify((error.cause as { problems?: unknown }).problems), /none/);
    return true;
  });
});

test('routes that make no sense fail init, with entry and selector', async (t) => {
  const configs = { syslogconf: [{ Selector: 'kern.warn', Target: 'x' }] };
  const producer = new Collector<ProduceMessage>().definition;
  await assert.rejects(rig(t, { producer, configs }), (error: Error) => {
    const { code, problems } = error.cause as { code?: unknown; problems?: readonly string[] };
    assert.equal(code, 'BAD_CONFIG');
    assert.match(problems?.join() ?? '', /entry 1, selector "kern\.warn": there is no severity "warn"/);
    return true;
  });
});

test('a target that makes no sense is refused before anything starts', async (t) => {
  const producer = new Collector<ProduceMessage>().definition;
  for (const [target, told] of [
    [' ', /the target is empty/],
    ['a.{b}', /there is no part "\{b\}"/],
  ] as const) {
    await assert.rejects(rig(t, { producer, config: { target } }), { message: told });
  }
});
