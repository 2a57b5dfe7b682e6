import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineBlock } from '@sputnikjs/core';
import { TestServer, gate, never, turn, untilAborted } from '@sputnikjs/testkit';
import { recorder, type Acts } from '../support/recorder.js';
import { TestFlight } from '../support/test-flight.js';

const block = (name: string): object => ({ name, responsibility: name });

test('L3: the whole has one deadline, 25 s unless configured: whatever hangs, the flight lands then', async () => {
  for (const landingMs of [undefined, 400]) {
    const hang = { onLanding: () => never, run: () => never, finish: () => never, onMsg: () => never };
    const finisher = recorder<string>([], { finish: () => never });
    const t = new TestFlight({ timeouts: { landingMs }, finisher });
    await t.fly({ a: hang, b: hang, c: hang });
    for (const name of ['a', 'b', 'c']) t.self(name).send({});
    let landed = false;
    void t.land().then(() => (landed = true));
    await t.clock.advance((landingMs ?? 25_000) - 1);
    assert.equal(landed, false);
    await t.clock.advance(1);
    assert.equal(landed, true);
    const { tookMs, unfinished, clean } = await t.launched;
    assert.equal(tookMs, landingMs ?? 25_000);
    assert.equal(clean, false);
    assert.equal(unfinished.length, 13);
  }
});

test('L3: sixty per cent of it for onLanding and draining, the rest shared by the blocks still to finish', async () => {
  const finishedAt: number[] = [];
  const t: TestFlight = new TestFlight({
    timeouts: { landingMs: 1_000 },
    onEvent: ({ type }) => void (type === 'finished' && finishedAt.push(t.clock.now())),
  });
  await t.fly({
    quick: {},
    hanging: { finish: () => never },
    another: { finish: () => never, onLanding: () => never },
  });
  const landing = t.land();
  await t.clock.advance(1_000);
  await landing;
  // another, hanging, quick, finisher: a quarter of 400 ms, then a third of the 300 ms left.
  assert.deepEqual(finishedAt, [700, 800, 800, 800]);
});

test('L3: a mailbox that does not drain leaves time for the finish of its block', async () => {
  const t = new TestFlight({ timeouts: { landingMs: 1_000 } });
  const opened = gate();
  await t.fly({ a: { onMsg: () => never, finish: () => opened.passed } });
  t.self('a').send({ n: 1 });
  t.self('a').send({ n: 2 });
  const landing = t.land();
  // Half of its share of 200 ms, the finisher having the other 200.
  await t.clock.advance(699);
  assert.equal(t.log.at(-1), 'a.onMsg 1');
  await t.clock.advance(1);
  assert.equal(t.log.at(-1), 'a.finish(false)');
  opened.open();
  await t.clock.advance(100);
  const { unfinished, dropped } = await landing;
  assert.deepEqual(unfinished, [{ block: block('a'), callback: 'onMsg' }]);
  assert.deepEqual(dropped, [{ block: block('a'), count: 2 }]);
});

for (const callback of [
  'run',
  'finish',
  'onLanding',
  'onMsg',
  'onServerConnect',
  'onServerDisconnect',
  'waitUntil',
] as const) {
  test(`L3: a hanging ${callback} is named, and the rest goes on (hazard 6)`, async () => {
    const server = new TestServer();
    const t = new TestFlight({ connector: server, timeouts: { landingMs: 1_000 } });
    const acts: Acts<string> =
      callback === 'waitUntil' ? { run: (_, ctx) => ctx.waitUntil(never) } : { [callback]: () => never };
    await t.fly({ before: {}, hanging: acts, after: {} });
    t.self('hanging').send({ n: 1 });
    server.drop();
    server.restore();
    await turn();
    const landing = t.land();
    await t.clock.advance(1_000);
    const report = await landing;
    assert.deepEqual(report.unfinished, [{ block: block('hanging'), callback }]);
    assert.deepEqual(report.failures, []);
    assert.equal(report.clean, false);
    const finished = t.log.filter((line) => line.includes('finish') || line === 'server.disconnect');
    assert.deepEqual(finished, [
      'after.finish(false)',
      'hanging.finish(false)',
      'before.finish(false)',
      'server.disconnect',
    ]);
    assert.equal(await t.launched, report, 'launch resolves: nothing failed');
    assert.equal(t.clock.pending, 0);
  });
}

test('L3: a server that does not disconnect is named, and the finisher finished', async () => {
  const log: string[] = [];
  const server = new TestServer();
  server.disconnect = (): Promise<never> => never;
  const t = new TestFlight({ connector: server, finisher: recorder(log), timeouts: { landingMs: 1_000 } });
  await t.fly({});
  const landing = t.land();
  await t.clock.advance(1_000);
  assert.deepEqual((await landing).unfinished, [{ block: block('connector'), callback: 'finish' }]);
  assert.equal(log.at(-1), 'finisher.finish(false)');
});

test('L3: while it waits, the landing says for what', async () => {
  const opened = gate();
  const t = new TestFlight();
  await t.fly({ a: { run: () => opened.passed }, b: { onLanding: () => opened.passed } });
  const landing = t.land();
  await t.clock.advance(5_000);
  const waitsFor = [
    { block: block('b'), callback: 'onLanding' },
    { block: block('a'), callback: 'run' },
  ];
  assert.deepEqual(t.eventsOf('waiting'), [{ type: 'waiting', for: waitsFor, circle: [] }]);
  await t.clock.advance(5_000);
  assert.equal(t.eventsOf('waiting').length, 2);
  opened.open();
  await landing;
  assert.equal(t.clock.pending, 0);
});

test('L4: messages dropped are reported by block, those lost in flight and those lost at landing together', async () => {
  const t = new TestFlight({ timeouts: { landingMs: 100 } });
  const mailbox = { capacity: 2, whenFull: 'drop-oldest' } as const;
  await t.fly({ a: { onMsg: () => never, mailbox }, b: { onMsg() {} }, c: { onMsg: () => never } });
  t.self('c').send({});
  t.self('a').send({});
  await turn();
  for (let n = 0; n < 5; n++) t.self('a').send({ n });
  t.self('b').send({});
  const landing = t.land();
  await t.clock.advance(100);
  const { dropped, clean } = await landing;
  assert.equal(clean, false);
  assert.deepEqual(dropped, [
    { block: block('a'), count: 6 },
    { block: block('c'), count: 1 },
  ]);
  assert.equal(t.status('a').dropped, 6);
  const told = t.eventsOf('dropped').filter((event) => event.block.name === 'a');
  assert.equal(
    told.reduce((sum, { count }) => sum + count, 0),
    6,
    'events tell of all',
  );
  assert.equal(t.events.at(-1)?.type, 'landed', 'and before the landing ends');
});

test('L4: what ends after it was dropped is counted no more', async () => {
  const late = gate();
  const fails = (): Promise<never> => late.passed.then(() => Promise.reject(new Error('too late')));
  const t = new TestFlight({ timeouts: { landingMs: 100 } });
  await t.fly({
    a: { onMsg: () => late.passed },
    b: { onMsg: fails },
    c: defineBlock({ name: 'c', make: () => ({ onMsgs: () => late.passed }) }),
    d: {},
  });
  for (const to of ['a', 'b', 'c']) t.self('d').communicator(to)?.send({});
  const landing = t.land();
  await t.clock.advance(100);
  const report = await landing;
  late.open();
  await turn();
  for (const name of ['a', 'b', 'c']) {
    const { accepted, handled, failed, dropped } = t.status(name);
    assert.deepEqual([name, accepted, handled, failed, dropped], [name, 1, 0, 0, 1]);
  }
  assert.equal(t.flight.isIdle, true);
  assert.deepEqual(report.failures, []);
});

test('L4: what a handler gave up at landing counts as dropped', async () => {
  const t = new TestFlight({ timeouts: { landingMs: 100 } });
  await t.fly({ a: { onMsg: (_, __, ctx) => untilAborted(ctx.signal) } });
  t.self('a').send({});
  const landing = t.land();
  await t.clock.advance(100);
  const { dropped, failures, unfinished } = await landing;
  assert.deepEqual(dropped, [{ block: block('a'), count: 1 }]);
  assert.deepEqual([failures, unfinished], [[], []]);
});

test('L4: a clean landing says so, and how long it took', async () => {
  const t = new TestFlight({ connector: new TestServer() });
  await t.fly({ a: { onMsg() {}, onLanding: (ctx) => ctx.clock.sleep(300) } });
  t.self('a').send({});
  const landing = t.land();
  await t.clock.advance(300);
  assert.deepEqual(await landing, {
    cause: { kind: 'shootDown', reason: undefined },
    clean: true,
    tookMs: 300,
    unfinished: [],
    failures: [],
    dropped: [],
  });
  assert.deepEqual(t.eventsOf('dropped'), []);
});
