import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlockContext, ServerConnector } from '@sputnikjs/core';
import { TestServer, gate, never, randomFrom, turn, untilAborted } from '@sputnikjs/testkit';
import type { Acts } from '../support/recorder.js';
import { TestFlight } from '../support/test-flight.js';

const both: Acts<string> = { onServerConnect() {}, onServerDisconnect() {} };

test('S4: a slow block is told one change at a time, skips whole outages, and delays nobody else', async () => {
  const told = gate();
  const server = new TestServer();
  const t = new TestFlight({ connector: server });
  let first = true;
  await t.fly({
    slow: {
      onServerConnect() {
        if (!first) return;
        first = false;
        return told.passed;
      },
      onServerDisconnect() {},
    },
    quick: both,
  });
  for (let outage = 0; outage < 3; outage++) {
    server.drop();
    server.restore();
    await t.clock.advance(10_000);
  }
  const of = (name: string): string[] => t.log.filter((line) => line.startsWith(`${name}.onServer`));
  assert.deepEqual(of('slow'), ['slow.onServerConnect c1']);
  assert.equal(of('quick').length, 7);
  assert.equal(of('quick').at(-1), 'quick.onServerConnect c4');
  told.open();
  await turn();
  assert.deepEqual(of('slow'), ['slow.onServerConnect c1', 'slow.onServerDisconnect', 'slow.onServerConnect c4']);
});

test('S4: however a server flaps, quick and slow blocks see connect and disconnect alternate, one at a time (hazards 20 and 21)', async () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = randomFrom(seed);
    const server = new TestServer();
    const t = new TestFlight({ connector: server, timeouts: { heartbeatMs: 500 } });
    let underWay = 0;
    const slowly = async (_: unknown, ctx: BlockContext): Promise<void> => {
      assert.equal(++underWay, 1, `seed ${seed}`);
      await ctx.clock.sleep(random() * 2_000, ctx.signal);
      underWay--;
    };
    const slow: Acts<string> = { onServerConnect: slowly, onServerDisconnect: (ctx) => slowly(undefined, ctx) };
    await t.fly({ slow, quick: both });
    for (let step = 0; step < 40; step++) {
      const dice = random();
      if (dice < 0.3) server.drop();
      else if (dice < 0.4) server.vanish();
      else if (dice < 0.8) server.restore();
      await t.clock.advance(random() * 400);
    }
    server.restore();
    await t.clock.advance(60_000);
    for (const name of ['slow', 'quick']) {
      const told = t.log.filter((line) => line.startsWith(`${name}.onServer`));
      told.forEach((line, i) =>
        assert.equal(line.includes('onServerConnect'), i % 2 === 0, `seed ${seed}: ${told.join()}`),
      );
      const connections = t.eventsOf('connected').length;
      assert.equal(told.at(-1), `${name}.onServerConnect c${connections}`, `seed ${seed}: the present one in the end`);
    }
    await t.land();
  }
});

test('S5: at landing there is no onServerDisconnect; disconnect comes once, after every application block, before the finisher', async () => {
  const server = new TestServer();
  const t = new TestFlight({ connector: server });
  await t.fly({ a: { ...both, finish: () => turn() } });
  t.takeLog();
  await t.land();
  await turn();
  assert.deepEqual(t.log, ['a.onLanding', 'a.finish(false)', 'server.disconnect']);
  assert.deepEqual(
    t.eventsOf('finished').map(({ block }) => block.name),
    ['a', 'connector', 'finisher'],
  );
  assert.equal(t.flight.status().connection, 'disconnected');
});

test('S5: blocks may use the connection in finish', async () => {
  let up = true;
  const connector = { connect: () => 'c', isConnected: () => up, disconnect: () => void (up = false) };
  const t = new TestFlight({ connector });
  const finish = (): void => assert.ok(up);
  await t.fly({ a: { finish }, b: { finish } });
  assert.equal((await t.land()).clean, true);
  assert.equal(up, false);
});

test('S5: disconnect is called if ever a connect succeeded, even when the connection is lost at landing', async () => {
  const server = new TestServer();
  const t = new TestFlight({ connector: server });
  await t.fly({ a: both });
  server.drop();
  await turn();
  await t.land();
  assert.equal(t.log.filter((line) => line === 'server.disconnect').length, 1);
});

test('S5: without a connect that succeeded there is no disconnect: neither before launch nor with the server down (hazard 36)', async () => {
  const server = new TestServer();
  server.vanish();
  const t = new TestFlight({ connector: server });
  await t.fly({ a: both });
  const report = await t.land();
  assert.equal(report.clean, true);
  const early = new TestFlight({ connector: new TestServer() });
  await early.prepare({});
  await early.land();
  assert.ok(![...t.log, ...early.log].includes('server.disconnect'));
});

test('S5: a connect that succeeds after the landing began is disconnected too, and no block hears of it', async () => {
  const [late, opened] = [gate<string>(), gate()];
  const log: string[] = [];
  const connector = {
    connect: () => late.passed,
    isConnected: () => true,
    disconnect: () => void log.push('disconnect'),
  };
  const t = new TestFlight({ connector });
  await t.fly({ a: { ...both, onLanding: () => opened.passed } });
  const landing = t.land();
  late.open('c');
  await turn();
  opened.open();
  assert.equal((await landing).clean, true);
  assert.deepEqual(log, ['disconnect']);
  assert.ok(!t.log.some((line) => line.includes('onServer')));
  assert.deepEqual(t.eventsOf('connected'), []);
});

test('S5: a connect that ignores its signal is named; should it succeed after the landing, it is disconnected then', async () => {
  const late = gate<string>();
  const log: string[] = [];
  const connector = {
    connect: () => late.passed,
    isConnected: () => true,
    disconnect: () => void log.push('disconnect'),
  };
  const t = new TestFlight({ connector, timeouts: { landingMs: 100 } });
  await t.fly({ a: both });
  const landing = t.land();
  await t.clock.advance(100);
  const { unfinished } = await landing;
  const connectorBlock = { name: 'connector', responsibility: 'connector' };
  assert.deepEqual(unfinished, [
    { block: connectorBlock, callback: 'run' },
    { block: connectorBlock, callback: 'finish' },
  ]);
  assert.deepEqual(log, []);
  late.open('c');
  await turn();
  assert.deepEqual(log, ['disconnect']);
});

test('S5: a failing disconnect is in the report', async () => {
  const boom = new Error('boom');
  const connector = { connect: () => 'c', isConnected: () => true, disconnect: () => Promise.reject(boom) };
  const t = new TestFlight({ connector });
  await t.fly({});
  const { failures } = await t.land();
  assert.deepEqual(failures, [
    { block: { name: 'connector', responsibility: 'connector' }, callback: 'finish', error: boom, count: 1 },
  ]);
});

test('S6: when landing starts the attempt under way is aborted (hazard 8)', async () => {
  let signal!: AbortSignal;
  const connect: ServerConnector<string>['connect'] = (_, attempt) => {
    ({ signal } = attempt);
    return untilAborted(signal);
  };
  const t = new TestFlight({ connector: { connect, isConnected: () => true, disconnect() {} } });
  await t.fly({ a: both });
  const report = await t.land();
  assert.equal(signal.aborted, true);
  assert.equal(report.clean, true);
  assert.equal(report.tookMs, 0, 'no time has to pass');
  assert.deepEqual(
    t.eventsOf('connectFailed').map(({ retryInMs }) => retryInMs),
    [undefined],
  );
  assert.equal(t.clock.pending, 0);
});

test('S6: when landing starts retries stop', async () => {
  const server = new TestServer();
  server.vanish();
  const t = new TestFlight({ connector: server });
  await t.fly({ a: { ...both, onLanding: () => never } });
  t.takeLog();
  const landing = t.land();
  await t.clock.advance(25_000);
  await landing;
  assert.deepEqual(t.log, ['a.onLanding', 'a.finish(false)']);
});

test('S6: when landing starts heartbeats and losses stop, and the connection stays until the connector finishes', async () => {
  const opened = gate();
  const server = new TestServer();
  const t = new TestFlight({ connector: server });
  await t.fly({ a: { ...both, onLanding: () => opened.passed } });
  t.takeLog();
  const landing = t.land();
  await t.clock.advance(10_000);
  server.drop();
  await turn();
  assert.deepEqual(t.log, ['a.onLanding']);
  opened.open();
  assert.equal((await landing).clean, true);
  assert.deepEqual(t.log, ['a.onLanding', 'a.finish(false)', 'server.disconnect']);
});
