import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConnectAttempt, ServerConnector } from '@sputnikjs/core';
import { TestServer, gate, never, turn } from '@sputnikjs/testkit';
import type { Acts } from '../support/recorder.js';
import { sputnikError, TestFlight } from '../support/test-flight.js';

const both: Acts<string> = { onServerConnect() {}, onServerDisconnect() {} };

test('S3: the heartbeat is every heartbeatMs, five seconds unless configured', async () => {
  const server = new TestServer();
  const t = new TestFlight({ connector: server });
  await t.fly({ a: both });
  t.takeLog();
  await t.clock.advance(4_999);
  assert.deepEqual(t.log, []);
  await t.clock.advance(1);
  assert.deepEqual(t.log, ['server.isConnected']);
  await t.clock.advance(15_000);
  assert.equal(t.log.length, 4);
  assert.equal(t.eventsOf('disconnected').length, 0);
});

/** Heartbeats, how many milliseconds after a connect they are a loss if they are every 500, and the reason given. */
const unsound: Record<string, [ServerConnector['isConnected'], number, RegExp]> = {
  'is false': [() => false, 500, /the heartbeat found no connection/],
  'resolves with false': [async () => false, 500, /the heartbeat found no connection/],
  throws: [
    () => {
      throw new Error('broken pipe');
    },
    500,
    /broken pipe/,
  ],
  rejects: [() => Promise.reject(new Error('broken pipe')), 500, /broken pipe/],
  'is late': [() => never, 1_000, /no answer to the heartbeat within 500 ms/],
};

for (const [what, [isConnected, lostAt, reason]] of Object.entries(unsound)) {
  test(`S3: a heartbeat that ${what} is a loss`, async () => {
    const connector: ServerConnector<string> = {
      connect: () => 'c',
      isConnected,
      disconnect: () => void t.log.push('disconnect'),
    };
    const t: TestFlight = new TestFlight({ connector, timeouts: { heartbeatMs: 500 } });
    await t.fly({ a: both });
    await t.clock.advance(lostAt - 1);
    assert.equal(t.eventsOf('disconnected').length, 0);
    await t.clock.advance(1);
    assert.equal(t.eventsOf('disconnected').length, 1);
    assert.match(String(t.eventsOf('disconnected')[0]?.reason), reason);
    assert.deepEqual(t.log.slice(3), ['a.onServerDisconnect', 'a.onServerConnect c'], 'S5: and no disconnect');
  });
}

test('S3: never two heartbeats at once, not even across a loss', async () => {
  let underWay = 0;
  let most = 0;
  const answer = gate<boolean>();
  const isConnected = async (): Promise<boolean> => {
    most = Math.max(most, ++underWay);
    const connected = await answer.passed;
    underWay--;
    return connected;
  };
  const t = new TestFlight({
    connector: { connect: () => 'c', isConnected, disconnect() {} },
    timeouts: { heartbeatMs: 500 },
  });
  await t.fly({ a: both });
  await t.clock.advance(10_000);
  assert.ok(t.eventsOf('disconnected').length > 1, 'being late is a loss each time');
  assert.equal(most, 1);
  answer.open(true);
  await t.clock.advance(10_000);
  assert.equal(t.flight.status().connection, 'connected');
  assert.equal(underWay, 0);
});

test('S3: a loss that the server connector reports is noticed at once, with its reason (hazard 25)', async () => {
  const server = new TestServer();
  const t = new TestFlight({ connector: server, timeouts: { heartbeatMs: 100_000 } });
  await t.fly({ a: both });
  const reason = new Error('connection reset');
  for (let outage = 1; outage <= 5; outage++) {
    server.drop(reason);
    server.restore();
    await turn();
    assert.equal(t.eventsOf('disconnected').length, outage);
    assert.equal(t.eventsOf('disconnected').at(-1)?.reason, reason);
    await t.clock.advance(10_000);
    assert.equal(t.eventsOf('connected').length, outage + 1);
  }
  assert.deepEqual(
    t.log.filter((line) => line.startsWith('a.onServer')),
    [1, 2, 3, 4, 5].flatMap((n) => [`a.onServerConnect c${n}`, 'a.onServerDisconnect']).concat('a.onServerConnect c6'),
  );
});

test('S3: a reported loss without reason has one of ours', async () => {
  const server = new TestServer();
  const t = new TestFlight({ connector: server });
  await t.fly({ a: both });
  server.drop();
  await turn();
  sputnikError(t.eventsOf('disconnected')[0]?.reason, 'CONNECTION_LOST');
});

test('S3: a reported loss counts only if it belongs to the present connection', async () => {
  const attempts: ConnectAttempt[] = [];
  const connect: ServerConnector<string>['connect'] = (_, attempt) => `c${attempts.push(attempt)}`;
  const t = new TestFlight({ connector: { connect, isConnected: () => true, disconnect() {} } });
  await t.fly({ a: both });
  attempts[0]?.lost();
  await t.clock.advance(200);
  assert.equal(attempts.length, 2);
  attempts[0]?.lost('the old one again');
  await turn();
  assert.equal(t.eventsOf('disconnected').length, 1);
  assert.equal(t.flight.status().connection, 'connected');
  attempts[1]?.lost();
  await turn();
  assert.equal(t.eventsOf('disconnected').length, 2);
});

test('S3: a loss reported before connect has resolved is a loss of that connection', async () => {
  let connects = 0;
  const connect: ServerConnector<string>['connect'] = (_, attempt) => {
    if (++connects === 1) attempt.lost('stillborn');
    return `c${connects}`;
  };
  const t = new TestFlight({ connector: { connect, isConnected: () => true, disconnect() {} } });
  await t.fly({ a: both });
  assert.equal(t.eventsOf('disconnected')[0]?.reason, 'stillborn');
  await t.clock.advance(200);
  assert.equal(t.log.at(-1), 'a.onServerConnect c2');
});
