import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineBlock, Sputnik, type Flight, type LandingReport } from '@sputnikjs/core';
import { gate, never } from '../support/gate.js';
import { turn } from '../support/manual-clock.js';
import { recorder, type Acts } from '../support/recorder.js';
import { rejection, TestFlight } from '../support/test-flight.js';
import { TestServer } from '../support/test-server.js';

test('B1: finisher, connector, then application blocks as listed are initialised', async () => {
  const t = new TestFlight({ connector: new TestServer() });
  await t.prepare({ one: {}, two: {}, three: {} });
  const order = t.eventsOf('initializing').map(({ block }) => block.responsibility);
  assert.deepEqual(order, ['finisher', 'connector', 'one', 'two', 'three']);
  assert.deepEqual(t.log, ['one.init', 'two.init', 'three.init']);
});

test('B1: an init is awaited before the next begins', async () => {
  const opened = gate();
  const t = new TestFlight();
  const preparing = t.prepare({ slow: { init: () => opened.passed }, next: {} });
  await turn();
  assert.deepEqual(t.log, ['slow.init']);
  opened.open();
  await preparing;
  assert.deepEqual(t.log, ['slow.init', 'next.init']);
  const told = t.events.map((event) => `${event.type} ${'block' in event ? event.block?.responsibility : ''}`);
  assert.deepEqual(told.slice(2), ['initializing slow', 'initialized slow', 'initializing next', 'initialized next']);
});

test('B1: an empty list of blocks is legal', async () => {
  const t = new TestFlight();
  await t.fly({});
  await t.land();
  assert.equal((await t.launched).clean, true);
});

test('B1: a prepared flight says that its blocks are ready', async () => {
  const t = new TestFlight();
  const flight = await t.prepare({ a: {} });
  assert.equal(flight.status().state, 'prepared');
  assert.deepEqual(t.status('a'), {
    name: 'a',
    responsibility: 'a',
    state: 'ready',
    depth: 0,
    accepted: 0,
    rejected: 0,
    handled: 0,
    failed: 0,
    dropped: 0,
  });
});

const boom = new Error('boom');
const failures: Record<string, Acts> = {
  throws: {
    init() {
      throw boom;
    },
  },
  rejects: { init: () => Promise.reject(boom) },
};

for (const [fails, acts] of Object.entries(failures)) {
  test(`B3: when an init ${fails}, the blocks before it get finish(true) in reverse, and prepare rejects with block and cause`, async () => {
    const t = new TestFlight();
    const error = await rejection(t.prepare({ a: {}, b: {}, c: acts, d: {} }), 'INIT_FAILED');
    assert.deepEqual(t.log, ['a.init', 'b.init', 'c.init', 'b.finish(true)', 'a.finish(true)']);
    assert.equal(t.context('c').signal.aborted, true, 'the signal of the failed block aborts');
    assert.deepEqual(error.block, { name: 'c', responsibility: 'c' });
    assert.equal(error.callback, 'init');
    assert.equal(error.cause, boom, 'hazard 32: the cause is kept');
    assert.match(error.message, /^block c, init: boom$/);
    assert.deepEqual(
      t.eventsOf('failed').map(({ block, callback, error: cause }) => [block.name, callback, cause]),
      [['c', 'init', boom]],
    );
  });
}

test('B3: an init that outruns its deadline has failed; the flight does not wait for it', async () => {
  const t = new TestFlight({ timeouts: { initMs: 70 } });
  const preparing = rejection(t.prepare({ a: {}, late: { init: () => never } }), 'INIT_FAILED');
  await t.clock.advance(69);
  assert.deepEqual(t.takeLog(), ['a.init', 'late.init']);
  await t.clock.advance(1);
  const error = await preparing;
  assert.equal(error.block?.name, 'late');
  await rejection(Promise.reject(error.cause as Error), 'TIMEOUT');
  assert.deepEqual(t.log, ['a.finish(true)']);
  assert.equal(t.context('late').signal.aborted, true);
});

test('B3: an init has ten seconds unless configured', async () => {
  const t = new TestFlight();
  const preparing = rejection(t.prepare({ late: { init: () => never } }), 'INIT_FAILED');
  await t.clock.advance(9_999);
  assert.equal(t.eventsOf('failed').length, 0);
  await t.clock.advance(1);
  await preparing;
});

test('B3: a block whose init succeeds after its deadline after all gets finish(true) then', async () => {
  const opened = gate();
  const t = new TestFlight({ timeouts: { initMs: 70 } });
  const preparing = rejection(t.prepare({ a: {}, late: { init: () => opened.passed } }), 'INIT_FAILED');
  await t.clock.advance(70);
  await preparing;
  assert.deepEqual(t.takeLog(), ['a.init', 'late.init', 'a.finish(true)']);
  opened.open();
  await turn();
  assert.deepEqual(t.log, ['late.finish(true)']);
});

test('B3: a block whose init fails after its deadline gets no finish', async () => {
  const opened = gate();
  const t = new TestFlight({ timeouts: { initMs: 70 } });
  const preparing = rejection(t.prepare({ late: { init: () => opened.passed } }), 'INIT_FAILED');
  await t.clock.advance(70);
  await preparing;
  opened.fail(boom);
  await turn();
  assert.deepEqual(t.log, ['late.init']);
});

test('B3: one finish that fails and one that hangs do not keep the others from theirs (hazard 5)', async () => {
  const t = new TestFlight({ timeouts: { landingMs: 900 } });
  const sour = new Error('sour');
  const preparing = rejection(
    t.prepare({
      a: {},
      b: { finish: () => Promise.reject(sour) },
      c: { finish: () => never },
      d: failures['throws'] ?? {},
    }),
    'INIT_FAILED',
  );
  await t.clock.advance(900);
  const { report, cause } = await preparing;
  assert.deepEqual(t.log.slice(4), ['c.finish(true)', 'b.finish(true)', 'a.finish(true)']);
  assert.equal(cause, boom);
  assert.deepEqual(
    report?.failures.map(({ block, callback, error }) => [block.name, callback, error]),
    [
      ['d', 'init', boom],
      ['b', 'finish', sour],
    ],
  );
  assert.deepEqual(
    report?.unfinished.map(({ block, callback }) => [block.name, callback]),
    [['c', 'finish']],
  );
});

test('B3: what was sent to a block that never flew is dropped and reported, and sends to it fail from then on', async () => {
  const asker = defineBlock({
    name: 'asker',
    needs: { target: 'c' },
    make: (_, { target }) => ({
      init: () => assert.ok(target.send({})),
      finish: () => assert.equal(target.send({}), false),
    }),
  });
  const t = new TestFlight();
  const preparing = t.prepare({ a: asker, b: failures['throws'] ?? {}, c: { onMsg() {} } });
  const { report } = await rejection(preparing, 'INIT_FAILED');
  assert.deepEqual(report?.dropped, [{ block: { name: 'c', responsibility: 'c' }, count: 1 }]);
  assert.deepEqual(
    report?.failures.map(({ block }) => block.name),
    ['b'],
  );
});

test('B3: a question to a block that never flew is answered by its end, and leaves no timer', async () => {
  let answered: unknown;
  const asker = defineBlock({
    name: 'asker',
    needs: { target: 'c' },
    make: (_, { target }) => ({
      init: () => void target.ask({}).catch((error: unknown) => (answered = error)),
    }),
  });
  const t = new TestFlight();
  await rejection(t.prepare({ a: asker, b: failures['throws'] ?? {}, c: { onMsg() {} } }), 'INIT_FAILED');
  await turn();
  await rejection(Promise.reject(answered as Error), 'ASK_ENDED');
  assert.equal(t.clock.pending, 0);
});

test('B3: the finisher is finished too, after the others', async () => {
  const log: string[] = [];
  const t = new TestFlight({ finisher: recorder(log) });
  await rejection(t.prepare({ a: { finish: () => void log.push('a') }, b: failures['throws'] ?? {} }), 'INIT_FAILED');
  assert.deepEqual(log, ['finisher.init', 'a', 'finisher.finish(true)']);
});

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
    let finisher = (): void => {};
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
  const { failures: failed, clean } = error.report as LandingReport;
  assert.deepEqual(failed, []);
  assert.equal(clean, true);
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

test('B2: each prepare is a flight of its own', async () => {
  let made = 0;
  const log: string[] = [];
  const sputnik = new Sputnik({
    appBlocks: [{ name: 'a' }],
    blockFactories: {
      a: () => {
        made++;
        return recorder(log)();
      },
    },
    finisher: recorder([]),
  });
  const [first, second] = [await sputnik.prepare(), await sputnik.prepare()];
  assert.equal(made, 2);
  const launched = second.launch();
  await first.shootDown();
  assert.equal(first.status().state, 'landed');
  assert.equal(second.status().state, 'flying');
  await second.shootDown();
  await launched;
  assert.deepEqual(log, ['a.init', 'a.init', 'a.run', 'a.finish(true)', 'a.onLanding', 'a.finish(false)']);
});
