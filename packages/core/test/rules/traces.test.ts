import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finishMsg, Sputnik } from '@sputnikjs/core';
import { TestServer, never, turn } from '@sputnikjs/testkit';
import { recorder, type Acts } from '../support/recorder.js';
import { TestFlight } from '../support/test-flight.js';

/** What Node warned of while `work` ran. */
async function warningsOf(work: () => Promise<unknown>): Promise<string[]> {
  const warnings: string[] = [];
  const note = ({ name, message }: Error): void => void warnings.push(`${name}: ${message}`);
  process.on('warning', note);
  await work();
  await turn();
  process.off('warning', note);
  return warnings;
}

const signals = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'uncaughtException', 'exit'] as const;
const listeners = (): number[] => signals.map((name) => process.listenerCount(name));

test('L6: more than ten satellites in a process provoke no listener warning, and leave no listener', async () => {
  const before = listeners();
  const warnings = await warningsOf(async () => {
    const sputnik = new Sputnik({ appBlocks: [], blockFactories: {}, connector: new TestServer() });
    const flights = await Promise.all(Array.from({ length: 25 }, () => sputnik.prepare()));
    const launches = flights.map((flight) => flight.launch());
    await Promise.all(flights.map((flight) => flight.shootDown()));
    await Promise.all(launches);
  });
  assert.deepEqual(warnings, []);
  assert.deepEqual(listeners(), before);
});

test('L6: more than ten blocks that wait for landing, and a block with more than ten waits, provoke no listener warning', async () => {
  const waits: Acts<string> = {
    async run(self, ctx) {
      const sleeps = Array.from({ length: 12 }, () => ctx.clock.sleep(1_000, ctx.signal));
      const posts = Array.from({ length: 12 }, () => self.post({}, { signal: ctx.landing }).catch(() => {}));
      await Promise.all([ctx.clock.sleep(1_000, ctx.landing), ...sleeps, ...posts]);
    },
    onMsg: () => never,
    mailbox: { capacity: 1 },
  };
  const t = new TestFlight({ timeouts: { landingMs: 100 } });
  const warnings = await warningsOf(async () => {
    await t.fly(Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`block${n}`, waits])));
    const landing = t.land();
    await t.clock.advance(100);
    await landing;
  });
  assert.deepEqual(warnings, []);
  assert.equal(t.clock.pending, 0);
});

test('L6: more than ten listeners of the signals of a block provoke no listener warning', async () => {
  const t = new TestFlight({ landingSoon: new AbortController().signal });
  const warnings = await warningsOf(async () => {
    await t.fly({ a: {} });
    const { landing, landingSoon, signal } = t.context('a');
    for (const each of [landing, landingSoon, signal])
      for (let n = 0; n < 12; n++) each.addEventListener('abort', () => {});
    await t.land();
  });
  assert.deepEqual(warnings, []);
});

test('L6: a server that comes and goes provokes no listener warning', async () => {
  const server = new TestServer();
  const t = new TestFlight({ connector: server, timeouts: { heartbeatMs: 1_000_000 } });
  const warnings = await warningsOf(async () => {
    await t.fly({});
    for (let outage = 0; outage < 15; outage++) {
      server.drop();
      server.restore();
      await t.clock.advance(10_000);
      assert.equal(t.flight.status().connection, 'connected');
    }
  });
  assert.deepEqual(warnings, []);
  await t.land();
  assert.equal(t.clock.pending, 0);
});

test('L6: after landing no timer is left, whatever was under way', async () => {
  const acts: Acts<string> = {
    async run(self, ctx) {
      ctx.waitUntil(self.ask({}, { timeoutMs: 60_000 }).catch(() => {}));
      for await (const _ of ctx.clock.every(1_000, ctx.signal)) self.send({});
    },
    onMsg: (_, __, ctx) => ctx.clock.sleep(5_000, ctx.signal),
    onServerConnect: (_, ctx) => ctx.clock.sleep(90_000, ctx.landing),
  };
  for (const state of ['up', 'down', 'hung']) {
    const server = new TestServer();
    if (state === 'down') server.vanish();
    if (state === 'hung') server.hang();
    const t = new TestFlight({ connector: server });
    await t.fly({ a: acts, b: acts });
    await t.clock.advance(3_000);
    const landing = t.land();
    await t.clock.advance(25_000);
    await landing;
    assert.equal(t.clock.pending, 0, state);
  }
});

test('L6: the signal option is let go of after landing, and after a prepare that was rejected', async (t) => {
  const { signal } = new AbortController();
  const add = t.mock.method(signal, 'addEventListener');
  const remove = t.mock.method(signal, 'removeEventListener');
  const listening = (): number => add.mock.callCount() - remove.mock.callCount();
  const flight = new TestFlight({ signal });
  await flight.fly({});
  assert.equal(listening(), 1);
  await flight.land();
  assert.equal(listening(), 0);
  await assert.rejects(new TestFlight({ signal }).prepare({ a: { init: () => Promise.reject(new Error('boom')) } }));
  await turn();
  assert.equal(listening(), 0);
});

test('L7: two satellites in a process do not know of each other', async () => {
  const first = new TestFlight({ connector: new TestServer() });
  const second = new TestFlight({ connector: new TestServer() });
  await first.fly({ a: { onMsg() {} }, own: {} });
  await second.fly({ a: { onMsg() {} } });
  assert.equal(second.self('a').communicator('own'), undefined);
  first.self('a').send({ n: 1 });
  await turn();
  assert.deepEqual([first.log.at(-1), second.log.at(-1)], ['a.onMsg 1', 'a.run']);
  first.self('a').communicator('initiator')?.send(finishMsg());
  await first.launched;
  assert.equal(second.flight.status().state, 'flying');
  assert.equal(second.context('a').landing.aborted, false);
  assert.equal(second.flight.status().connection, 'connected');
  assert.equal(second.eventsOf('landing').length, 0);
  assert.equal(second.self('a').send({ n: 2 }), true);
  assert.equal((await second.land()).clean, true);
});

test('L7: a busy satellite does not keep another one from its messages', async () => {
  const busy = new TestFlight();
  await busy.fly({ a: { onMsg: ({ n }, self) => void self.send({ n: n + 1 }) } });
  const other = new TestFlight();
  await other.fly({ a: { onMsg() {} } });
  busy.self('a').send({ n: 0 });
  other.self('a').send({ n: 'through' });
  while (other.status('a').handled === 0) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(busy.status('a').handled > 0);
  void busy.flight.shootDown();
  await busy.clock.advance(25_000);
});

test('hazards 1 and 3: a shutdown as soon as run has begun lands in order, each time, with the default finisher and another', async () => {
  for (const finisher of [undefined, recorder([])]) {
    for (let round = 0; round < 100; round++) {
      const log: string[] = [];
      const a = recorder(log, { run: (_, ctx) => (round % 2 ? ctx.land() : undefined) });
      const sputnik = new Sputnik({ appBlocks: [{ name: 'a' }], blockFactories: { a }, ...(finisher && { finisher }) });
      const flight = await sputnik.prepare();
      const launched = flight.launch();
      if (round % 2 === 0) void flight.shootDown();
      assert.equal((await launched).clean, true);
      assert.deepEqual(log, ['a.init', 'a.run', 'a.onLanding', 'a.finish(false)']);
    }
  }
});

test('L6: an event emitter of the process is as it was after a flight that failed', async () => {
  const before = listeners();
  const boom = { init: () => Promise.reject(new Error('boom')), run() {}, finish() {} };
  const sputnik = new Sputnik({ appBlocks: [{ name: 'boom' }], blockFactories: { boom: () => boom } });
  await assert.rejects(sputnik.prepare());
  assert.deepEqual(listeners(), before);
});
