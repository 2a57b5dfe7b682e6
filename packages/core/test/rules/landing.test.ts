import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlockCommunicator, BlockContext } from '@sputnikjs/core';
import { TestServer, gate, turn } from '@sputnikjs/testkit';
import { recorder, type Acts } from '../support/recorder.js';
import { TestFlight } from '../support/test-flight.js';

const block = (name: string): object => ({ name, responsibility: name });

/** Sends back one less, until there is nothing left. */
function countDown({ n }: { n: number }, from: BlockCommunicator): void {
  if (n > 0) assert.equal(from.send({ n: n - 1 }), true);
}

test('L1: every way to ask for a landing is told as its cause', async () => {
  const abort = new AbortController();
  let signal!: () => void;
  const options = {
    signal: abort.signal,
    finisher: recorder<string>([], { init: (_, ctx) => void (signal = () => ctx.land('SIGTERM')) }),
  };
  const boom = new Error('boom');
  const ways: [(t: TestFlight) => unknown, object][] = [
    [() => signal(), { kind: 'signal', block: block('finisher'), reason: 'SIGTERM' }],
    [(t) => t.flight.shootDown('enough'), { kind: 'shootDown', reason: 'enough' }],
    [(t) => t.context('a').land('enough'), { kind: 'block', block: block('a'), reason: 'enough' }],
    [(t) => t.context('a').waitUntil(Promise.reject(boom)), { kind: 'failure', block: block('a'), reason: boom }],
    [() => abort.abort('enough'), { kind: 'abort', reason: 'enough' }],
  ];
  for (const [ask, cause] of ways) {
    const t = new TestFlight(options);
    await t.fly({ a: {} });
    ask(t);
    const report = await t.flight.landed;
    assert.deepEqual(report.cause, cause);
    assert.deepEqual(t.eventsOf('landing'), [{ type: 'landing', cause }]);
    assert.deepEqual(t.eventsOf('landed'), [{ type: 'landed', report }]);
    assert.deepEqual(t.log, ['a.init', 'a.run', 'a.onLanding', 'a.finish(false)']);
  }
});

test('L1: the first cause counts', async () => {
  const t = new TestFlight();
  await t.fly({ a: {} });
  t.context('a').land('first');
  assert.equal((await t.flight.shootDown('second')).cause.reason, 'first');
  assert.equal(t.eventsOf('landing').length, 1);
});

test('L2: landing aborts and onLanding is called on all blocks in reverse, awaited together', async () => {
  const slow = gate();
  const t = new TestFlight();
  const onLanding: Acts['onLanding'] = (ctx) => {
    assert.equal(ctx.landing.aborted, true);
    assert.equal(ctx.signal.aborted, false);
    return slow.passed;
  };
  await t.fly({ a: { onLanding }, b: { onLanding }, c: { onLanding } });
  assert.equal(t.context('a').landing.aborted, false);
  const landing = t.land();
  await turn();
  assert.deepEqual(t.log.slice(6), ['c.onLanding', 'b.onLanding', 'a.onLanding']);
  slow.open();
  await landing;
  assert.deepEqual(t.log.slice(9), ['c.finish(false)', 'b.finish(false)', 'a.finish(false)']);
});

test('L2: the finisher is finished last, the connector before it, application blocks before both', async () => {
  const server = new TestServer();
  const t: TestFlight = new TestFlight({ connector: server, finisher: () => recorder<string>(t.log)() });
  await t.fly({ a: {}, b: {} });
  t.takeLog();
  await t.land();
  assert.deepEqual(t.log, [
    'b.onLanding',
    'a.onLanding',
    'finisher.onLanding',
    'b.finish(false)',
    'a.finish(false)',
    'server.disconnect',
    'finisher.finish(false)',
  ]);
});

test('L2: finishes follow one another, each awaited to its end, 500 of 500 (hazard 16)', async () => {
  for (let round = 0; round < 500; round++) {
    const t = new TestFlight();
    let finishing = 0;
    const finish = async (_: boolean, ctx: { descriptor: { name: string } }): Promise<void> => {
      assert.equal(++finishing, 1);
      for (let i = 0; i < round % 5; i++) await new Promise((resolve) => setImmediate(resolve));
      finishing--;
      t.log.push(`${ctx.descriptor.name} ended`);
    };
    const flight = await t.prepare({ a: { finish }, b: { finish }, c: { finish } });
    const launched = flight.launch();
    const report = await flight.shootDown();
    assert.equal(report.clean, true);
    assert.deepEqual(
      t.log.slice(-6),
      ['c', 'b', 'a'].flatMap((name) => [`${name}.finish(false)`, `${name} ended`]),
    );
    await launched;
  }
});

test('L2: finish is awaited together with run and with work given to waitUntil (hazard 19)', async () => {
  const [run, work, later] = [gate(), gate(), gate()];
  const t = new TestFlight();
  await t.fly({
    a: {
      run(_, ctx) {
        ctx.waitUntil(work.passed.then(() => ctx.waitUntil(later.passed)));
        return run.passed;
      },
    },
  });
  let landed = false;
  const landing = t.land().then((report) => ((landed = true), report));
  for (const open of [work.open, later.open, run.open]) {
    await turn();
    assert.equal(landed, false);
    open();
  }
  assert.equal((await landing).clean, true);
});

test('L2: what was accepted is delivered: a thousand queued messages are handled before anybody is finished (hazard 17)', async () => {
  const t = new TestFlight();
  await t.fly({ a: {}, b: { onMsg: ({ n }) => (n % 100 === 0 ? turn() : undefined) } });
  const toB = t.self('a').communicator('b');
  for (let n = 0; n < 1_000; n++) assert.equal(toB?.send({ n }), true);
  const report = await t.land();
  assert.equal(report.clean, true);
  const { accepted, handled } = t.status('b');
  assert.deepEqual({ accepted, handled }, { accepted: 1_000, handled: 1_000 });
  assert.deepEqual(t.log.slice(-2), ['b.finish(false)', 'a.finish(false)']);
});

test('L2: mailboxes drain until all are idle at one instant: messages that travel on during the landing arrive', async () => {
  const t = new TestFlight();
  const slowly = (msg: { n: number }, from: BlockCommunicator): Promise<void> =>
    turn().then(() => countDown(msg, from));
  await t.fly({ a: { onMsg: slowly }, b: { onMsg: slowly } });
  t.self('b').communicator('a')?.send({ n: 9 });
  const report = await t.land();
  assert.equal(report.clean, true);
  const handled = t.log.filter((line) => line.includes('onMsg'));
  assert.deepEqual(
    handled,
    [9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map((n) => `${n % 2 ? 'a' : 'b'}.onMsg ${n}`),
  );
  assert.equal(t.log.indexOf('b.finish(false)'), t.log.length - 2);
});

test('L2: what onLanding sends is delivered', async () => {
  const t = new TestFlight();
  await t.fly({
    sink: { onMsg() {} },
    source: { onLanding: async () => void t.self('source').communicator('sink')?.send({ n: 'the last one' }) },
  });
  assert.equal((await t.land()).clean, true);
  assert.deepEqual(t.log.slice(-3), ['sink.onMsg the last one', 'source.finish(false)', 'sink.finish(false)']);
});

test('L2: what a block sends while it finishes is delivered to a block initialised before it, which drains again', async () => {
  const t = new TestFlight();
  await t.fly({
    sink: { onMsg: () => turn() },
    source: {
      finish() {
        for (let n = 0; n < 3; n++) assert.equal(t.self('source').communicator('sink')?.send({ n }), true);
      },
    },
  });
  assert.equal((await t.land()).clean, true);
  assert.deepEqual(t.log.slice(-5), [
    'source.finish(false)',
    ...[0, 1, 2].map((n) => `sink.onMsg ${n}`),
    'sink.finish(false)',
  ]);
});

test('L2: the signal of a block aborts just before its finish, that of the others not yet', async () => {
  const t = new TestFlight();
  const seen: boolean[][] = [];
  const finish = (): void => void seen.push(['a', 'b'].map((name) => t.context(name).signal.aborted));
  await t.fly({ a: { finish }, b: { finish } });
  await t.land();
  assert.deepEqual(seen, [
    [false, true],
    [true, true],
  ]);
});

test('L5: no callback starts after finish was called: neither messages nor server changes (hazards 18 and 24)', async () => {
  const server = new TestServer();
  const [finish, slow] = [gate(), gate()];
  const t = new TestFlight({ connector: server, timeouts: { landingMs: 1_000 } });
  const a: Acts<string> = {
    onMsg: () => slow.passed,
    onServerConnect: () => slow.passed,
    onServerDisconnect() {},
    finish: () => finish.passed,
  };
  await t.fly({ a });
  for (let n = 0; n < 3; n++) t.self('a').send({ n });
  server.drop();
  server.restore();
  await turn();
  const landing = t.land();
  await t.clock.advance(700);
  assert.equal(t.log.at(-1), 'a.finish(false)');
  slow.open();
  assert.equal(t.self('a').send({ n: 'too late' }), false);
  await turn();
  finish.open();
  const { dropped } = await landing;
  await turn();
  assert.deepEqual(t.log.slice(-2), ['a.finish(false)', 'server.disconnect']);
  assert.deepEqual(dropped, [{ block: block('a'), count: 2 }]);
});

test('L5: launch resolves only when nothing of ours runs any more (hazard 19)', async () => {
  const [message, connect, work] = [gate(), gate(), gate()];
  const t = new TestFlight({ connector: new TestServer() });
  await t.fly({
    a: {
      onMsg: () => message.passed,
      onServerConnect: () => connect.passed,
      run: (_, ctx) => ctx.waitUntil(work.passed),
    },
  });
  t.self('a').send({});
  await turn();
  let resolved = false;
  void t.launched.then(() => (resolved = true));
  void t.land();
  for (const { open } of [connect, message, work]) {
    await turn();
    assert.equal(resolved, false);
    open();
  }
  await turn();
  assert.equal(resolved, true);
});

test('L5: work that is still under way when the report names it changes nothing later', async () => {
  const late = gate();
  const t = new TestFlight({ timeouts: { landingMs: 100 } });
  await t.fly({ a: { onMsg: () => late.passed, mailbox: { concurrency: 2 } }, b: {} });
  t.self('a').send({ n: 1 });
  await turn();
  const landing = t.land();
  await t.clock.advance(100);
  const report = await landing;
  const before = structuredClone(t.status('a'));
  late.open();
  await turn();
  assert.deepEqual(t.status('a'), before);
  assert.deepEqual(report.unfinished, [{ block: block('a'), callback: 'onMsg' }]);
});

/** Notes when the two signals abort. */
const watching = (log: string[]) => ({
  run: (_: unknown, { landingSoon, landing }: BlockContext) => {
    landingSoon.addEventListener('abort', () => log.push('soon'));
    landing.addEventListener('abort', () => log.push('landing'));
  },
});

test('L8: an announced landing reaches every block and changes nothing else', async () => {
  const soon = new AbortController();
  const log: string[] = [];
  const t = new TestFlight({ landingSoon: soon.signal });
  await t.fly({ a: { ...watching(log), onMsg: () => void log.push('message') }, b: watching(log) });
  soon.abort();
  assert.equal(t.flight.status().state, 'flying');
  assert.equal(t.self('a').send({}), true);
  await turn();
  assert.deepEqual(log, ['soon', 'soon', 'message']);
  assert.equal((await t.land()).clean, true);
  assert.deepEqual(log.slice(3), ['landing', 'landing']);
});

test('L8: where nobody announces it, the announcement comes with the landing', async () => {
  const log: string[] = [];
  const t = new TestFlight({ landingSoon: new AbortController().signal });
  await t.fly({ a: watching(log) });
  await t.land();
  assert.deepEqual(log.toSorted(), ['landing', 'soon']);
  const without = new TestFlight();
  await without.fly({ a: {} });
  const { landingSoon } = without.context('a');
  assert.equal(landingSoon.aborted, false);
  await without.land();
  assert.equal(landingSoon.aborted, true);
});
