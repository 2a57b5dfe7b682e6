import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Callback } from '@sputnikjs/core';
import { TestServer, gate, turn, untilAborted } from '@sputnikjs/testkit';
import type { Acts } from '../support/recorder.js';
import { rejection, TestFlight } from '../support/test-flight.js';

const boom = new Error('boom');
const fail = (): never => {
  throw boom;
};
const failLater = async (): Promise<never> => {
  await new Promise((resolve) => setImmediate(resolve));
  throw boom;
};

/** Blocks that fail in flight, by the callback they fail in. */
const failing: Record<string, [Callback, Acts<string>]> = {
  'run throws': ['run', { run: fail }],
  'run rejects': ['run', { run: failLater }],
  'onMsg throws': ['onMsg', { onMsg: fail }],
  'onMsg rejects': ['onMsg', { onMsg: failLater }],
  'onServerConnect throws': ['onServerConnect', { onServerConnect: fail }],
  'onServerConnect rejects': ['onServerConnect', { onServerConnect: failLater }],
  'onServerDisconnect throws': ['onServerDisconnect', { onServerDisconnect: fail }],
  'onServerDisconnect rejects': ['onServerDisconnect', { onServerDisconnect: failLater }],
  'waitUntil work rejects': ['waitUntil', { run: (_, ctx) => ctx.waitUntil(failLater()) }],
};

/** Flies blocks `other` and `bad`; sends `bad` a message and lets it see a connection come and go. */
async function provoke(bad: Acts<string>): Promise<TestFlight> {
  const server = new TestServer();
  const t = new TestFlight({ connector: server });
  await t.fly({ other: { onMsg() {} }, bad });
  t.self('bad').send({ n: 1 });
  await turn();
  server.drop();
  await turn();
  return t;
}

for (const [what, [callback, acts]] of Object.entries(failing)) {
  test(`F3: when ${what}, the satellite lands in good order and launch rejects with block, callback, cause and report (hazard 4)`, async () => {
    const asked: unknown[] = [];
    const onError: Acts['onError'] = (error, where, ctx) => {
      asked.push([error, where, ctx.descriptor.responsibility]);
      return 'shutdown';
    };
    const t = await provoke({ ...acts, onError });
    const error = await rejection(t.launched, 'BLOCK_FAILED');
    assert.deepEqual(error.block, { name: 'bad', responsibility: 'bad' });
    assert.equal(error.callback, callback);
    assert.equal(error.cause, boom);
    assert.equal(error.message, `block bad, ${callback}: boom`);
    assert.deepEqual(asked, [[boom, callback, 'bad']], 'onError is asked once');
    assert.equal(error.report, await t.flight.landed);
    assert.equal(error.report?.clean, false);
    assert.deepEqual(error.report?.cause, { kind: 'failure', block: error.block, reason: boom });
    assert.deepEqual(error.report?.failures, [{ block: error.block, callback, error: boom, count: 1 }]);
    const landing = ['bad.onLanding', 'other.onLanding', 'bad.finish(false)', 'other.finish(false)'];
    assert.deepEqual(t.log.slice(-5), [...landing, 'server.disconnect']);
    const told = t.eventsOf('failed').map((event) => [event.block.name, event.callback, event.error, event.decision]);
    assert.deepEqual(told, [['bad', callback, boom, 'shutdown']]);
  });

  test(`F3: when ${what} and onError says 'continue', the flight goes on`, async () => {
    const t = await provoke({ ...acts, onError: () => 'continue' });
    assert.equal(t.flight.status().state, 'flying');
    assert.deepEqual(
      t.eventsOf('failed').map((event) => [event.callback, event.decision]),
      [[callback, 'continue']],
    );
    assert.equal(t.self('other').send({ n: 2 }), true);
    await t.land();
    const { failures, clean } = await t.launched;
    const lost =
      callback === 'onMsg' ? [{ block: { name: 'bad', responsibility: 'bad' }, callback, error: boom, count: 1 }] : [];
    assert.deepEqual(failures, lost, 'the message that failed, of which nobody else knows, and nothing else');
    assert.equal(clean, lost.length === 0);
    assert.ok(t.log.includes('other.onMsg 2'));
  });
}

test('F3: without onError a failure lands the satellite', async () => {
  const t = await provoke({ onMsg: fail });
  await rejection(t.launched, 'BLOCK_FAILED');
});

test('F3: whatever onError says beside continue, the satellite lands', async () => {
  for (const answer of [undefined, 'contine', Promise.resolve('continue')]) {
    const t = await provoke({ onMsg: fail, onError: () => answer as 'continue' });
    await rejection(Promise.race([t.launched, turn().then(turn)]), 'BLOCK_FAILED');
    assert.equal(t.eventsOf('failed')[0]?.decision, 'shutdown');
  }
});

test('F3: an onError that fails lands the satellite, and both failures are told and reported', async () => {
  const worse = new Error('worse');
  const t = await provoke({
    onMsg: fail,
    onError() {
      throw worse;
    },
  });
  const { cause, callback, report } = await rejection(t.launched, 'BLOCK_FAILED');
  assert.equal(cause, boom);
  assert.equal(callback, 'onMsg');
  const expected = [
    ['onError', worse],
    ['onMsg', boom],
  ];
  assert.deepEqual(
    report?.failures.map((failure) => [failure.callback, failure.error]),
    expected,
  );
  assert.deepEqual(
    t.eventsOf('failed').map((event) => [event.callback, event.error]),
    expected,
  );
});

test('F3: an event listener that throws lands the satellite', async () => {
  const t = new TestFlight({
    onEvent: ({ type }) => {
      if (type === 'launched') throw boom;
    },
  });
  await t.fly({ a: {} });
  const error = await rejection(t.launched, 'BLOCK_FAILED');
  assert.equal(error.block?.responsibility, 'initiator');
  assert.equal(error.callback, 'onEvent');
  assert.equal(error.cause, boom);
  assert.deepEqual(t.log, ['a.init', 'a.run', 'a.onLanding', 'a.finish(false)']);
});

test('F3: an event listener that throws at everything neither hides the report nor stops the landing', async () => {
  const t = new TestFlight({
    onEvent: ({ type }) => {
      if (!type.startsWith('init')) throw boom;
    },
  });
  await t.fly({ a: {} });
  const { report } = await rejection(t.launched, 'BLOCK_FAILED');
  const [failure] = report?.failures ?? [];
  assert.equal(failure?.callback, 'onEvent');
  assert.equal(failure?.count, t.events.filter(({ type }) => !type.startsWith('init')).length, 'each is counted');
  assert.deepEqual(t.log, ['a.init', 'a.run', 'a.onLanding', 'a.finish(false)']);
});

test('F3: an event listener that throws during the landing, to its very end, is in the report', async () => {
  const t = new TestFlight({
    onEvent: ({ type }) => {
      if (type === 'finishing' || type === 'landed') throw boom;
    },
  });
  await t.fly({ a: {} });
  const report = await t.land();
  const block = { name: 'initiator', responsibility: 'initiator' };
  assert.deepEqual(report.failures, [{ block, callback: 'onEvent', error: boom, count: 3 }]);
  assert.equal(report.clean, false);
  assert.equal(report.cause.kind, 'shootDown');
  assert.equal(await t.launched, report, 'launch resolves: no failure led to the landing');
});

test('F3: an AbortError after landing began, or after the own signal aborted, is no failure', async () => {
  const t = new TestFlight();
  await t.fly({
    a: { run: (_, ctx) => untilAborted(ctx.landing) },
    b: { run: (_, ctx) => untilAborted(ctx.signal) },
    c: { run: (_, ctx) => ctx.waitUntil(untilAborted(ctx.landing)) },
  });
  const report = await t.land();
  assert.equal(report.clean, true);
  assert.deepEqual(t.eventsOf('failed'), []);
  await t.launched;
});

test('F3: an AbortError before is a failure like any other', async () => {
  const t = new TestFlight();
  await t.fly({ a: { run: () => untilAborted(AbortSignal.abort()) } });
  const error = await rejection(t.launched, 'BLOCK_FAILED');
  assert.equal((error.cause as Error).name, 'AbortError');
});

test('F3: another error after landing began is a failure', async () => {
  const t = new TestFlight();
  await t.fly({ a: { run: (_, ctx) => untilAborted(ctx.landing).catch(fail) } });
  const report = await t.land();
  assert.deepEqual(
    report.failures.map(({ callback, error }) => [callback, error]),
    [['run', boom]],
  );
});

test('F3: failures during landing are collected in the report, onError is not asked, and the rest goes on', async () => {
  const asked: unknown[] = [];
  const onError: Acts['onError'] = (_, where) => {
    asked.push(where);
    return 'continue';
  };
  const t = new TestFlight();
  await t.fly({
    a: { finish: failLater, onError },
    b: { onLanding: failLater, finish: fail, onError },
    c: { onMsg: fail, onLanding: fail, onError, run: (_, ctx) => ctx.waitUntil(untilAborted(ctx.signal).catch(fail)) },
    d: {},
  });
  const landing = t.land();
  for (let n = 0; n < 3; n++) t.self('c').send({ n });
  const report = await landing;
  assert.equal(report.clean, false);
  assert.deepEqual(asked, []);
  assert.ok(report.failures.every(({ error }) => error === boom));
  const collected = report.failures
    .map(({ block, callback, count }) => `${block.name}.${callback} ${count}`)
    .toSorted();
  const each = ['a.finish 1', 'b.finish 1', 'b.onLanding 1', 'c.onLanding 1', 'c.onMsg 3', 'c.waitUntil 1'];
  assert.deepEqual(collected, each);
  assert.deepEqual(
    t.log.filter((line) => line.includes('finish')),
    ['d.finish(false)', 'c.finish(false)', 'b.finish(false)', 'a.finish(false)'],
  );
  assert.equal(await t.launched, report, 'launch resolves: no failure led to the landing');
  assert.equal(t.eventsOf('failed').length, 8);
});

test('F3: a failure that onError lets pass, having asked to land, is in the report', async () => {
  const t = new TestFlight();
  await t.fly({
    a: {
      run: fail,
      onError(_error, _where, { land }) {
        land('enough');
        return 'continue';
      },
    },
  });
  const { cause, failures } = await t.launched;
  assert.deepEqual([cause.kind, cause.reason], ['block', 'enough']);
  assert.deepEqual(
    failures.map(({ callback, error }) => [callback, error]),
    [['run', boom]],
  );
});

test('F3: of two failures the first leads to the landing and the other is in the report', async () => {
  const second = gate();
  const t = new TestFlight();
  await t.fly({ a: { run: failLater }, b: { run: () => second.passed } });
  const late = new Error('late');
  second.fail(late);
  const { cause, report } = await rejection(t.launched, 'BLOCK_FAILED');
  const errors = report?.failures.map(({ error }) => error) ?? [];
  assert.equal(cause, errors[0]);
  assert.deepEqual(new Set(errors), new Set([boom, late]));
});

test('F3: work given to waitUntil before launch that fails lands, and launch rejects', async () => {
  const t = new TestFlight();
  const flight = await t.prepare({ a: { init: (_, ctx) => ctx.waitUntil(failLater()) } });
  await flight.landed;
  const { callback, cause } = await rejection(flight.launch(), 'BLOCK_FAILED');
  assert.equal(callback, 'waitUntil');
  assert.equal(cause, boom);
  assert.deepEqual(t.log, ['a.init', 'a.finish(true)']);
});

test('F3: whatever is thrown is the cause, be it no Error at all', async () => {
  const t = await provoke({
    onMsg() {
      // oxlint-disable-next-line typescript/only-throw-error -- that is the point
      throw 'a text';
    },
  });
  const error = await rejection(t.launched, 'BLOCK_FAILED');
  assert.equal(error.cause, 'a text');
  assert.equal(error.message, 'block bad, onMsg: a text');
});

test('L4: the event of a failure says how many messages are lost with it', async () => {
  const t = new TestFlight();
  const onError = (): 'continue' => 'continue';
  await t.fly({
    one: { onMsg: fail, onError },
    batch: { onMsgs: fail, onError, mailbox: { batch: 8 } },
    other: { run: (_, ctx) => ctx.waitUntil(failLater()), onError },
  });
  t.self('one').send({ n: 1 });
  for (let n = 0; n < 3; n++) t.self('batch').send({ n });
  await assert.rejects(t.self('one').ask({ n: 2 }));
  await t.land();
  const lost = t.eventsOf('failed').map((event) => [`${event.block.responsibility}.${event.callback}`, event.lost]);
  assert.deepEqual(Object.fromEntries(lost), { 'one.onMsg': 1, 'batch.onMsgs': 3, 'other.waitUntil': 0 });
});
