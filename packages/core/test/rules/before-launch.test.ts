import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineBlock, type Flight } from '@sputnikjs/core';
import { gate, never, turn } from '@sputnikjs/testkit';
import { recorder } from '../support/recorder.js';
import { rejection, TestFlight } from '../support/test-flight.js';

const boom = new Error('boom');
/** Something on the way that never arrives. */
const BUSY = { isIdle: false, idle: () => never };

test('B4: landing before launch gives each block finish(true) once, without onLanding; a later launch returns at once', async () => {
  const t = new TestFlight();
  const flight = await t.prepare({ a: {}, b: {} });
  t.takeLog();
  const reports = await Promise.all([flight.shootDown('first'), flight.shootDown('second')]);
  assert.deepEqual(t.log, ['b.finish(true)', 'a.finish(true)'], 'hazard 11: once, though asked twice');
  assert.equal(reports[0], reports[1]);
  assert.deepEqual(reports[0].cause, { kind: 'shootDown', reason: 'first' });
  assert.equal(await flight.launch(), reports[0]);
  assert.deepEqual(t.log, ['b.finish(true)', 'a.finish(true)']);
  assert.equal(flight.status().state, 'landed');
});

test('B4: landing before launch waits for nothing that is in transit', async () => {
  const t = new TestFlight();
  const flight = await t.prepare({ a: defineBlock({ name: 'a', make: () => ({ transit: BUSY }) }) });
  assert.equal((await flight.shootDown()).clean, true);
});

test('B4: a block may ask to land between prepare and launch', async () => {
  const t = new TestFlight();
  const flight = await t.prepare({ a: {} });
  t.context('a').land('changed my mind');
  const report = await flight.launch();
  assert.deepEqual(t.log, ['a.init', 'a.finish(true)']);
  assert.equal(report.cause.kind, 'block');
  assert.equal(report.cause.reason, 'changed my mind');
});

test('B4: a finisher may ask to land between prepare and launch, as a signal does', async () => {
  const asked = gate<() => void>();
  const t = new TestFlight({ finisher: recorder([], { init: (_, ctx) => asked.open(() => ctx.land('SIGTERM')) }) });
  const flight = await t.prepare({ a: {} });
  (await asked.passed)();
  const report = await flight.landed;
  assert.deepEqual(t.log, ['a.init', 'a.finish(true)']);
  assert.deepEqual(report.cause, {
    kind: 'signal',
    block: { name: 'finisher', responsibility: 'finisher' },
    reason: 'SIGTERM',
  });
});

/** Ways to ask for a landing while block `b` initialises; each gives the kind of cause. */
const asks: Record<string, (t: TestFlight, abort: AbortController, finisher: () => void) => void> = {
  block: (t) => t.context('b').land('enough'),
  signal: (_t, _abort, finisher) => finisher(),
  abort: (_t, abort) => abort.abort('enough'),
};

for (const [kind, ask] of Object.entries(asks)) {
  test(`B5: a landing asked for during prepare (${kind}) takes effect after the current init`, async () => {
    const opened = gate();
    const abort = new AbortController();
    let finisher!: () => void;
    const t = new TestFlight({
      signal: abort.signal,
      finisher: recorder([], { init: (_, ctx) => void (finisher = () => ctx.land('enough')) }),
    });
    const preparing: Promise<Flight> = t.prepare({ a: {}, b: { init: () => opened.passed }, c: {} });
    await turn();
    ask(t, abort, finisher);
    await turn();
    assert.deepEqual(t.takeLog(), ['a.init', 'b.init'], 'the init goes on');
    opened.open();
    const error = await rejection(preparing, 'ABORTED');
    assert.deepEqual(t.log, ['b.finish(true)', 'a.finish(true)']);
    assert.equal(error.cause, 'enough');
    assert.equal(error.report?.cause.kind, kind);
    assert.equal(error.report?.clean, true);
  });
}

test('B5: with a signal that has aborted before, no application block is initialised', async () => {
  const t = new TestFlight({ signal: AbortSignal.abort('never mind') });
  const error = await rejection(t.prepare({ a: {} }), 'ABORTED');
  assert.equal(error.cause, 'never mind');
  assert.deepEqual(t.log, []);
});

test('B5: an init that gives up because landing began is no failure', async () => {
  const t = new TestFlight();
  const preparing = t.prepare({
    a: {},
    b: {
      init: (_, ctx) =>
        new Promise((_, reject) => ctx.landing.addEventListener('abort', () => reject(ctx.landing.reason))),
    },
  });
  await turn();
  t.context('a').land('enough');
  const error = await rejection(preparing, 'ABORTED');
  assert.deepEqual(t.log, ['a.init', 'b.init', 'a.finish(true)'], 'it gets no finish, since it is not initialised');
  assert.deepEqual(error.report?.failures, []);
  assert.equal(error.report?.clean, true);
});

test('B5: an init whose question the landing ended is no failure either', async () => {
  const t = new TestFlight();
  const asker = defineBlock({
    name: 'asker',
    needs: { a: 'a' },
    make: (_, { a }, { landing }) => ({ init: async () => void (await a.ask({}, { signal: landing })) }),
  });
  const preparing = t.prepare({ a: { onMsg() {} }, asker });
  await turn();
  t.context('a').land('enough');
  const error = await rejection(preparing, 'ABORTED');
  assert.deepEqual([error.cause, error.report?.failures], ['enough', []]);
});

test('B5: an init that fails after a landing was asked for is a failure, and prepare rejects with ABORTED', async () => {
  const t = new TestFlight();
  const error = await rejection(
    t.prepare({
      a: {
        init(_, ctx) {
          ctx.land('enough');
          throw boom;
        },
      },
    }),
    'ABORTED',
  );
  assert.equal(error.report?.cause.reason, 'enough');
  assert.equal(error.report?.failures[0]?.error, boom);
});
