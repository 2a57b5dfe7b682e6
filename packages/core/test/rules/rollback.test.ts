import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineBlock } from '@sputnikjs/core';
import { gate, never, turn } from '@sputnikjs/testkit';
import { recorder, type Acts } from '../support/recorder.js';
import { rejection, sputnikError, TestFlight } from '../support/test-flight.js';

const boom = new Error('boom');
/** A block whose init fails. */
const bad: Acts = {
  init() {
    throw boom;
  },
};
const failures: Record<string, Acts> = { throws: bad, rejects: { init: () => Promise.reject(boom) } };

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
  sputnikError(error.cause, 'TIMEOUT');
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
      d: bad,
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

test('B3: what a block has under way when its init fails is named, if it does not end', async () => {
  const t = new TestFlight({ timeouts: { landingMs: 900 } });
  const bad: Acts = {
    init(_config, { waitUntil }) {
      waitUntil(never);
      throw boom;
    },
  };
  const { report } = await rejection(t.prepare({ bad }), 'INIT_FAILED');
  assert.deepEqual(
    report?.unfinished.map(({ block, callback }) => [block.name, callback]),
    [['bad', 'waitUntil']],
  );
});

test('B3: what an init that was given up begins until the very end is named, too', async () => {
  for (let after = 0; after < 10; after++) {
    let [isFinished, hasBegun] = [gate(), false];
    const slow: Acts = {
      async init(_config, { waitUntil }) {
        await isFinished.passed;
        for (let turns = 0; turns < after; turns++) await Promise.resolve();
        waitUntil(never);
        hasBegun = true;
      },
    };
    const t = new TestFlight({
      timeouts: { initMs: 50 },
      onEvent: ({ type }) => {
        if (type === 'finished') isFinished.open();
        if (type === 'landed') begun = hasBegun;
      },
    });
    let begun = false;
    const preparing = rejection(t.prepare({ slow }), 'INIT_FAILED');
    await t.clock.advance(50);
    const { report } = await preparing;
    const isNamed = report?.unfinished.some(({ callback }) => callback === 'waitUntil');
    assert.equal(isNamed, begun, `${after} turns after the last finish`);
  }
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
  const preparing = t.prepare({ a: asker, b: bad, c: { onMsg() {} } });
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
  await rejection(t.prepare({ a: asker, b: bad, c: { onMsg() {} } }), 'INIT_FAILED');
  await turn();
  sputnikError(answered, 'ASK_ENDED');
  assert.equal(t.clock.pending, 0);
});

test('B3: the finisher is finished too, after the others', async () => {
  const log: string[] = [];
  const t = new TestFlight({ finisher: recorder(log) });
  await rejection(t.prepare({ a: { finish: () => void log.push('a') }, b: bad }), 'INIT_FAILED');
  assert.deepEqual(log, ['finisher.init', 'a', 'finisher.finish(true)']);
});
