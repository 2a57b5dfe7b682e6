import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  defineBlock,
  Sputnik,
  type Clock,
  type Flight,
  type MessageObserver,
  type SputnikOptions,
} from '@sputnikjs/core';
import { gate, manualClock, turn } from '@sputnikjs/testkit';
import { recorder, type Acts } from '../support/recorder.js';
import { problemsOf, rejection, TestFlight } from '../support/test-flight.js';

/** A satellite that is described and not prepared, whose blocks note in `log`. */
function sputnik(blocks: Record<string, Acts>, log: string[], options: Partial<SputnikOptions> = {}): Sputnik {
  const factories = Object.entries(blocks).map(([name, acts]) => [name, recorder(log, acts)]);
  return new Sputnik({
    appBlocks: Object.keys(blocks).map((name) => ({ name })),
    blockFactories: Object.fromEntries(factories),
    signals: false,
    ...options,
  });
}

test('N1: assemble makes and checks, boot initialises, launch flies', async () => {
  const log: string[] = [];
  const { value: flight, problems, warnings } = await sputnik({ a: {}, b: {} }, log).assemble();
  assert.deepEqual([problems, warnings, log, flight.status().state], [[], [], [], 'preparing']);
  await flight.boot();
  assert.deepEqual([log.splice(0), flight.status().state], [['a.init', 'b.init'], 'prepared']);
  await flight.boot();
  assert.deepEqual(log, [], 'booting again does nothing');
  void flight.launch();
  assert.deepEqual(log.splice(0), ['a.run', 'b.run']);
  assert.equal((await flight.shootDown()).clean, true);
});

test('N1: a flight with problems does not boot, one that was landed before does not either', async () => {
  const log: string[] = [];
  const wrong = await sputnik({ a: {}, initiator: {} }, log).assemble();
  assert.match(wrong.problems.join(), /reserved/);
  assert.deepEqual((await rejection(wrong.value.boot(), 'BAD_SETUP')).problems, wrong.problems);
  const { value: flight } = await sputnik({ a: {} }, log, { finisher: recorder(log, {}) }).assemble();
  const report = await flight.shootDown('never mind');
  assert.deepEqual([report.cause.reason, report.clean], ['never mind', true]);
  const { cause } = await rejection(flight.boot(), 'ABORTED');
  assert.equal(cause, 'never mind');
  assert.deepEqual(log, []);
});

test('N1: launch refuses a flight with problems as boot does', async () => {
  const log: string[] = [];
  const { value: flight, problems } = await sputnik({ a: {}, initiator: {} }, log).assemble();
  assert.deepEqual((await rejection(flight.launch(), 'BAD_SETUP')).problems, problems);
  assert.deepEqual(log, []);
});

test('N1: launch hears the signal option of what was only assembled', async () => {
  const abort = new AbortController();
  const { value: flight } = await sputnik({ a: {} }, [], { signal: abort.signal }).assemble();
  const launched = flight.launch();
  await turn();
  abort.abort('enough');
  const { cause } = await launched;
  assert.deepEqual([cause.kind, cause.reason], ['abort', 'enough']);
});

test('N1: launch boots what was only assembled', async () => {
  const log: string[] = [];
  const { value: flight } = await sputnik({ a: { run: (_, { land }) => land() } }, log).assemble();
  await flight.launch();
  assert.deepEqual(log, ['a.init', 'a.run', 'a.onLanding', 'a.finish(false)']);
});

test('N2: an address that no block has is looked up outside; those inside come first', async () => {
  const got: string[] = [];
  const outside = new TestFlight();
  await outside.fly({
    store: { onMsg: ({ n }, from) => void got.push(`outer store ${String(n)} of ${from.descriptor.name}`) },
    log: { onMsg: () => void got.push('outer log') },
    inner: {},
  });
  const self = outside.self('inner');
  const user = defineBlock({
    name: 'user',
    needs: { store: 'store', log: 'log' },
    make: (_, to) => ({
      async run(me) {
        await to.store.post({ n: 1 });
        await to.log.post({});
        await me.communicator('store')?.post({ n: 2 });
        got.push(`nobody: ${me.communicator('nobody') === undefined}`);
      },
    }),
  });
  const log = defineBlock({ name: 'log', make: () => ({ onMsg: () => void got.push('inner log') }) });
  const outer = (responsibility: string) => self.communicator(responsibility);
  const options = {
    appBlocks: [{ name: 'log' }, { name: 'user' }],
    blockFactories: { user, log },
    signals: false,
    outer,
  };
  const flight = await new Sputnik(options).prepare();
  void flight.launch();
  await turn();
  assert.deepEqual(got.toSorted(), ['inner log', 'nobody: true', 'outer store 1 of inner', 'outer store 2 of inner']);
  await flight.shootDown();
  await outside.land();
  assert.match((await problemsOf({ ...options, outer: () => undefined })).join(), /"store" is unmet/);
});

test('N3: quiesce takes nothing more in and lets mailboxes go on; the landing does not call onLanding again', async () => {
  let send = (): boolean => false;
  const t = new TestFlight();
  await t.fly({
    sink: { onMsg: ({ n }) => void t.log.push(`sink ${String(n)}`) },
    a: { run: (me) => void (send = () => me.communicator('sink')?.send({ n: 1 }) ?? false), onLanding: () => {} },
  });
  t.takeLog();
  await t.flight.quiesce();
  assert.equal(t.context('a').landing.aborted, true);
  assert.deepEqual([t.takeLog(), t.flight.status().state, send()], [['a.onLanding', 'sink.onLanding'], 'flying', true]);
  await t.flight.idle();
  assert.deepEqual(t.takeLog(), ['sink.onMsg 1', 'sink 1']);
  assert.equal((await t.flight.shootDown()).clean, true);
  assert.deepEqual(t.takeLog(), ['a.finish(false)', 'sink.finish(false)']);
});

test('N3: what fails once a flight takes nothing more in is in the report, and lands nobody', async () => {
  const boom = new Error('boom');
  const t = new TestFlight();
  await t.fly({ a: { onMsg: () => Promise.reject(boom) }, b: {} });
  await t.flight.quiesce();
  t.self('b').communicator('a')?.send({});
  await turn();
  assert.equal(t.flight.status().state, 'flying');
  const { cause, failures } = await t.land();
  assert.equal(cause.kind, 'shootDown');
  assert.deepEqual(
    failures.map(({ callback, error }) => [callback, error]),
    [['onMsg', boom]],
  );
});

test('N3: an init that gives up is a failure though the flight was quiesced before it flew', async () => {
  const log: string[] = [];
  const init = (_: unknown, { landing }: { readonly landing: AbortSignal }): void => landing.throwIfAborted();
  const { value: flight } = await sputnik({ a: {}, b: { init }, c: {} }, log).assemble();
  await flight.quiesce();
  const { cause } = await rejection(flight.boot(), 'INIT_FAILED');
  assert.equal((cause as Error).name, 'AbortError');
  assert.deepEqual(log, ['a.init', 'b.init', 'a.finish(true)']);
});

test('N3: a listener that throws lands a quiesced flight, and launch rejects with that', async () => {
  const broken = new Error('broken');
  const onEvent: SputnikOptions['onEvent'] = ({ type }) => {
    if (type === 'failed') throw broken;
  };
  const t = new TestFlight({ onEvent });
  await t.fly({ a: { onMsg: () => Promise.reject(new Error('boom')) } });
  await t.flight.quiesce();
  t.self('a').send({});
  const { cause, report } = await rejection(t.launched, 'BLOCK_FAILED');
  assert.deepEqual([cause, report?.cause.reason], [broken, broken]);
});

test('N3: a flight that has not been launched is quiesced without onLanding', async () => {
  const t = new TestFlight();
  const flight = await t.prepare({ a: {} });
  await flight.quiesce();
  assert.equal((await flight.shootDown()).clean, true);
  assert.deepEqual(t.log, ['a.init', 'a.finish(true)']);
});

test('N3: a flight is idle when none of its mailboxes holds a message', async () => {
  const t = new TestFlight();
  const passing = gate();
  await t.fly({ sink: { onMsg: () => passing.passed } });
  assert.equal(t.flight.isIdle, true);
  t.self('sink').send({});
  assert.equal(t.flight.isIdle, false);
  let idle = false;
  const waits = t.flight.idle().then(() => (idle = true));
  await turn();
  assert.equal(idle, false);
  passing.open();
  await waits;
  assert.equal(t.flight.isIdle, true);
  await t.land();
});

test('N3: what a block holds in transit is drained with the mailboxes, also what it sends outward at the end', async () => {
  const t = new TestFlight();
  const got: unknown[] = [];
  const passing = gate();
  let isIdle = false;
  const transit = {
    get isIdle() {
      return isIdle;
    },
    idle: async () => {
      await passing.passed;
      t.self('nest').communicator('sink')?.send({ last: true });
      isIdle = true;
    },
  };
  await t.fly({ sink: { onMsg: (msg) => void got.push(msg) }, nest: { transit } });
  const landed = t.land();
  await turn();
  assert.deepEqual(t.eventsOf('finishing'), []);
  passing.open();
  assert.equal((await landed).clean, true);
  assert.deepEqual(got, [{ last: true }]);
});

test('N3: a landing keeps to the share it is given, if that is sooner than its own deadline', async () => {
  const clock = manualClock();
  const land = async (withinMs: number, landingMs: number): Promise<number> => {
    const hang = { finish: () => new Promise<void>(() => {}) };
    const flight = await sputnik({ hang }, [], { clock, timeouts: { landingMs } }).prepare();
    void flight.launch();
    const report = flight.shootDown('enough', { withinMs });
    await clock.advance(60_000);
    assert.equal((await report).unfinished.length, 1);
    return (await report).tookMs;
  };
  assert.deepEqual(
    [await land(300, 25_000), await land(9_000, 4_000)],
    [150, 2_000],
    'half of it: the finisher has the other',
  );
});

test('N3: a block knows how long its landing leaves it', async () => {
  const t = new TestFlight({ timeouts: { landingMs: 900 } });
  const left: number[] = [];
  const note = { finish: (_init: boolean, { msLeft }: { readonly msLeft: () => number }) => void left.push(msLeft()) };
  await t.fly({ a: note, b: note, c: { onMsg() {} } });
  left.push(t.context('a').msLeft());
  await t.land();
  assert.deepEqual(left, [Infinity, 300, 450], 'of four blocks, the finisher last');
});

test('N5: somebody outside reaches a block here, and what the block sends back reaches them', async () => {
  const got: string[] = [];
  const outside = new TestFlight();
  await outside.fly({
    clerk: { onMsg: ({ text }, from) => void got.push(`${String(text)} from ${from.descriptor.responsibility}`) },
  });
  const asked: string[] = [];
  const inner = new TestFlight({
    signals: false,
    outer: (responsibility, self) => {
      asked.push(`${self.descriptor.responsibility} looks for ${responsibility}`);
      const as = { ...self.descriptor, responsibility: `inner/${self.descriptor.responsibility}` };
      return responsibility === '../clerk' ? outside.flight.communicator('clerk', as) : undefined;
    },
  });
  await inner.fly({
    desk: {
      onMsg(msg, from) {
        got.push(`${String(msg['text'])} from ${from.descriptor.responsibility}`);
        from.send({ text: 'done' });
        return 'answer';
      },
    },
  });
  const from = { name: 'clerk', responsibility: '../clerk' };
  const desk = inner.flight.communicator('desk', from);
  assert.equal(inner.flight.communicator('desk', from), desk, 'always the same handle');
  assert.equal(await desk?.ask({ text: 'form' }), 'answer');
  await turn();
  assert.deepEqual(got, ['form from ../clerk', 'done from inner/desk']);
  assert.deepEqual(asked, ['desk looks for ../clerk']);
  assert.equal(inner.flight.communicator('nobody', from), undefined);
  await inner.land();
  assert.equal(await desk?.post({ text: 'late' }), false);
  await outside.land();
});

test('N5: what is sent back to somebody who cannot be found is refused', async () => {
  const sent: boolean[] = [];
  const t = new TestFlight();
  await t.fly({ desk: { onMsg: (_msg, from) => void sent.push(from.send({})) } });
  t.flight.communicator('desk', { name: 'ghost', responsibility: '../ghost' })?.send({});
  await turn();
  assert.deepEqual(sent, [false]);
  await t.land();
});

test('N6: what flies inside another is landed by that, if it says so', async () => {
  const asked: string[] = [];
  const landAround: SputnikOptions['landAround'] = ({ kind, block }) => asked.push(`${kind} ${block?.name}`) < 3;
  const t = new TestFlight({ landAround });
  await t.fly({ a: { onMsg: () => Promise.reject(new Error('boom')) }, b: {} });
  t.context('b').land('enough');
  t.self('a').send({});
  await turn();
  assert.deepEqual([t.flight.status().state, asked], ['flying', ['block b', 'failure a']]);
  const { cause, failures } = await t.flight.shootDown('around it');
  assert.deepEqual([cause.kind, failures.length, asked.length], ['shootDown', 1, 2]);
  assert.equal((await rejection(t.launched, 'BLOCK_FAILED')).block?.name, 'a');
});

test('N6: what nobody around lands lands itself', async () => {
  const t = new TestFlight({ landAround: () => false });
  await t.fly({ a: {} });
  t.context('a').land('enough');
  assert.equal((await t.flight.landed).cause.reason, 'enough');
});

test('B3: a block may have more time for its init than the flight gives', async () => {
  const clock = manualClock();
  const init = (_: unknown, { clock: its }: { readonly clock: Clock }): Promise<void> => its.sleep(15_000);
  const prepared = sputnik({ slow: { init, initMs: 20_000 } }, [], { clock }).prepare();
  await clock.advance(15_000);
  const flight = await prepared;
  assert.equal(flight.status().blocks.at(-1)?.state, 'ready');
  await flight.shootDown();
});

test('N4: a flight that listens to no signals adds no listener', async () => {
  const count = (): number => process.listenerCount('SIGTERM') + process.listenerCount('SIGINT');
  const before = count();
  const prepare = async (signals?: boolean): Promise<Flight> =>
    new Sputnik({ appBlocks: [], blockFactories: {}, signals }).prepare();
  const deaf = await prepare(false);
  assert.equal(count(), before);
  const usual = await prepare();
  assert.equal(count(), before + 2);
  await Promise.all([deaf.shootDown(), usual.shootDown()]);
  assert.equal(count(), before);
});

test('M9: an observer sees each message accepted, begun and settled, one by one and in batches', async () => {
  const seen: string[] = [];
  const text = (msg: object): string => String((msg as { n: number }).n);
  const observer: MessageObserver = {
    accepted: (msg, from, to) => void seen.push(`${text(msg)} ${from.name}>${to.name}`),
    begun: (msg, to) => void seen.push(`${text(msg)} begun ${to.name}`),
    settled: (msg, to, how) => void seen.push(`${text(msg)} ${how} ${to.name}`),
  };
  const take = async ({ n }: { n?: unknown }): Promise<void> => {
    if (n === 2) throw new Error('two');
  };
  const t = new TestFlight({ observer });
  await t.fly({
    one: { onMsg: take, onError: () => 'continue' },
    many: { onMsgs: (batch) => batch[1]?.fail(new Error('two')), onError: () => 'continue' },
    strict: { mailbox: { capacity: 1, whenFull: 'drop-oldest' }, onMsg: () => {} },
    source: {},
  });
  const sent = async (to: string): Promise<string[]> => {
    for (const n of [1, 2]) t.self('source').communicator(to)?.send({ n });
    await turn();
    return seen.splice(0).map((line) => line.replace(` ${to}`, ''));
  };
  const both = ['1 source>one', '2 source>one'];
  assert.deepEqual(await sent('one'), [...both, '1 begun', '1 handled', '2 begun', '2 failed']);
  assert.deepEqual(await sent('many'), [
    '1 source>many',
    '2 source>many',
    '1 begun',
    '2 begun',
    '1 handled',
    '2 failed',
  ]);
  assert.deepEqual(await sent('strict'), ['1 source>strict', '2 source>strict', '1 dropped', '2 begun', '2 handled']);
  const answer = t.self('source').communicator('one')?.ask({ n: 3 });
  await answer;
  assert.deepEqual(seen, ['3 source>one', '3 begun one', '3 handled one']);
  await t.land();
});

test('M9: of messages that an observer does not watch it learns that they failed, and nothing else', async () => {
  const seen: string[] = [];
  const watched = (msg: object): boolean => (msg as { readonly n: number }).n > 2;
  const observer: MessageObserver = {
    begun: watched,
    settled: (msg, _to, how) => void seen.push(`${(msg as { readonly n: number }).n} ${how}`),
  };
  const t = new TestFlight({ observer });
  const onMsg = async ({ n }: { readonly n?: unknown }): Promise<void> => {
    await turn();
    if (n === 2 || n === 4) throw new Error('no');
  };
  await t.fly({ a: { onMsg, onError: () => 'continue' } });
  for (const n of [1, 2, 3, 4]) t.self('a').send({ n });
  await t.flight.idle();
  assert.deepEqual(seen, ['2 failed', '3 handled', '4 failed']);
  const { handled, failed } = t.status('a');
  assert.deepEqual({ handled, failed }, { handled: 2, failed: 2 });
  await t.land();
});

test('M9: what an observer throws lands the satellite', async () => {
  const observer: MessageObserver = {
    accepted() {
      throw new Error('no more');
    },
  };
  const t = new TestFlight({ observer });
  await t.fly({ a: { onMsg() {} } });
  assert.equal(t.self('a').send({}), true);
  const { callback, cause } = await rejection(t.launched, 'BLOCK_FAILED');
  assert.deepEqual([callback, (cause as Error).message], ['observer', 'no more']);
});
