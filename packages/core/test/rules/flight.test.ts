import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineBlock } from '@sputnikjs/core';
import { TestServer, gate, never, turn } from '@sputnikjs/testkit';
import { rejection, TestFlight, until } from '../support/test-flight.js';

test('F1: after all inits every run is entered, in init order, in one go', async () => {
  const t = new TestFlight();
  const run = (): void => {
    void Promise.resolve().then(() => t.log.push('a moment later'));
    process.nextTick(() => t.log.push('a tick later'));
  };
  await t.fly({ a: { run }, b: { run: () => never }, c: { run: () => Promise.resolve() } });
  assert.deepEqual(t.takeLog().slice(0, 6), ['a.init', 'b.init', 'c.init', 'a.run', 'b.run', 'c.run']);
  assert.deepEqual(t.status('b').state, 'running');
  const told = t.events.map(({ type }) => type).slice(-2);
  assert.deepEqual(told, ['launching', 'launched']);
});

test('F1: returning early from run is legal: the block goes on', async () => {
  const t = new TestFlight();
  await t.fly({ a: { onMsg() {} } });
  assert.equal(t.flight.status().state, 'flying');
  assert.equal(t.self('a').send({ n: 1 }), true);
  await turn();
  assert.ok(t.log.includes('a.onMsg 1'));
  await t.land();
});

test('F1: a landing asked for by the first run lets all others be entered (hazards 1 and 2)', async () => {
  const t = new TestFlight();
  await t.fly({ a: { run: (_, ctx) => ctx.land() }, b: {}, c: {} });
  await t.launched;
  assert.deepEqual(t.log.slice(3), [
    'a.run',
    'b.run',
    'c.run',
    'c.onLanding',
    'b.onLanding',
    'a.onLanding',
    'c.finish(false)',
    'b.finish(false)',
    'a.finish(false)',
  ]);
});

test('F2: messages sent during init wait for run (hazard 22)', async () => {
  const eager = defineBlock({
    name: 'eager',
    needs: { target: 'late' },
    make: (_, { target }) => ({ init: () => assert.equal(target.send({ n: 1 }), true) }),
  });
  const t = new TestFlight();
  await t.prepare({ eager, slow: { init: () => turn() }, late: { onMsg() {} } });
  await turn();
  assert.equal(t.status('late').depth, 1);
  const launched = t.flight.launch();
  await until(() => t.log.includes('late.onMsg 1'));
  assert.deepEqual(t.log, ['slow.init', 'late.init', 'slow.run', 'late.run', 'late.onMsg 1']);
  await t.land();
  await launched;
});

test('F2: messages that the first run sends reach a block only after its own run', async () => {
  const t = new TestFlight();
  await t.fly({
    a: { run: (self) => void self.communicator('b')?.send({ n: 1 }), onMsg() {} },
    b: { run: (self) => void self.communicator('a')?.send({ n: 2 }), onMsg() {} },
  });
  assert.deepEqual(t.log.slice(2, 4), ['a.run', 'b.run']);
  assert.deepEqual(t.log.slice(4).toSorted(), ['a.onMsg 2', 'b.onMsg 1']);
  await t.land();
});

test('F2: the connection waits for run, even one that is there at once (hazard 23)', async () => {
  const t = new TestFlight({
    connector: { connect: () => 'at once', isConnected: () => true, disconnect() {} },
  });
  await t.fly({ a: { onServerConnect() {} }, b: { onServerConnect() {} } });
  assert.deepEqual(t.log.slice(2), ['a.run', 'b.run', 'a.onServerConnect at once', 'b.onServerConnect at once']);
  await t.land();
});

test('F4: launch works once; a second one is rejected and nothing happens (hazard 10)', async () => {
  const t = new TestFlight();
  await t.fly({ a: {} });
  await rejection(t.flight.launch(), 'ALREADY_LAUNCHED');
  assert.deepEqual(t.log, ['a.init', 'a.run']);
  await t.land();
  await rejection(t.flight.launch(), 'ALREADY_LAUNCHED');
  assert.deepEqual(t.log.slice(2), ['a.onLanding', 'a.finish(false)']);
});

test("F4: shootDown may be called any number of times, before and after the landing; its promise is the report's", async () => {
  const t = new TestFlight();
  await t.fly({ a: {} });
  const [first, second] = await Promise.all([t.flight.shootDown('one'), t.flight.shootDown('two')]);
  const third = await t.flight.shootDown('three');
  assert.equal(first, second);
  assert.equal(first, third);
  assert.equal(first, await t.launched);
  assert.equal(first, await t.flight.landed);
  assert.equal(first.cause.reason, 'one');
  assert.deepEqual(t.log, ['a.init', 'a.run', 'a.onLanding', 'a.finish(false)']);
});

test('F4: shootDown may be called from any callback, and from inside finish (hazard 7)', async () => {
  const t = new TestFlight();
  const shoot = (): void => void t.flight.shootDown();
  await t.fly({ a: { onMsg: shoot, onLanding: shoot, finish: shoot } });
  t.self('a').send({ n: 1 });
  const report = await t.launched;
  assert.equal(report.clean, true);
  assert.equal(t.log.at(-1), 'a.finish(false)');
});

test('F4: ctx.land may be called from any callback, any number of times', async () => {
  const t = new TestFlight();
  await t.fly({
    a: {
      onMsg(_, __, ctx) {
        ctx.land('first');
        ctx.land('second');
      },
      onLanding: (ctx) => ctx.land('third'),
      finish: (_, ctx) => ctx.land('fourth'),
    },
  });
  t.self('a').send({ n: 1 });
  const { cause, clean } = await t.launched;
  assert.equal(clean, true);
  assert.deepEqual(cause, { kind: 'block', block: { name: 'a', responsibility: 'a' }, reason: 'first' });
});

test('F4: a flight can be disposed of, launched or not', async () => {
  const t = new TestFlight();
  {
    await using flight = await t.prepare({ a: {} });
    void flight.launch();
  }
  assert.equal(t.flight.status().state, 'landed');
  {
    await using _ = await t.prepare({ a: {} });
  }
  assert.deepEqual(t.log.slice(-2), ['a.init', 'a.finish(true)']);
});

test('the states of a flight and of its blocks follow each other from preparing to landed', async () => {
  const hold = { init: gate(), landing: gate(), finish: gate() };
  const server = new TestServer();
  const t = new TestFlight({ connector: server });
  await t.fly({
    a: { onLanding: () => hold.landing.passed, finish: () => hold.finish.passed },
  });
  const states = (): string[] => [t.flight.status().state, t.flight.status().connection, t.status('a').state];
  assert.deepEqual(states(), ['flying', 'connected', 'running']);
  server.drop();
  await turn();
  assert.deepEqual(states(), ['flying', 'disconnected', 'running']);
  const landed = t.land();
  await turn();
  assert.deepEqual(states(), ['landing', 'disconnected', 'running']);
  hold.landing.open();
  await turn();
  assert.deepEqual(states(), ['landing', 'disconnected', 'finishing']);
  hold.finish.open();
  await landed;
  assert.deepEqual(states(), ['landed', 'disconnected', 'finished']);
});

test('a satellite without a server says that there is no connection', async () => {
  const t = new TestFlight();
  assert.equal((await t.prepare({})).status().connection, 'none');
  const withServer = new TestFlight({ connector: new TestServer() });
  assert.equal((await withServer.prepare({})).status().connection, 'idle');
});

test('the log of a block says whose it is, where the logger can', async () => {
  const lines: unknown[] = [];
  const logger = (bindings: object): { child(more: object): object; info(fields: object): void } => ({
    child: (more) => logger({ ...bindings, ...more }),
    info: (fields) => void lines.push({ ...bindings, ...fields }),
  });
  const t = new TestFlight({ log: logger({}) as never });
  await t.prepare({ a: { init: (_, { log }) => log.info({ port: 1 }) } });
  assert.deepEqual(lines, [{ block: 'a', port: 1 }]);
});
