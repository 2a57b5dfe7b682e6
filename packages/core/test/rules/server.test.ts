import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConnectAttempt, ServerConnector } from '@sputnikjs/core';
import { type Gate, TestServer, gate, turn } from '@sputnikjs/testkit';
import type { Acts } from '../support/recorder.js';
import { sputnikError, TestFlight } from '../support/test-flight.js';

const both: Acts<string> = { onServerConnect() {}, onServerDisconnect() {} };

/** Lets pass what the connector said it would wait. */
async function waitForRetry(t: TestFlight): Promise<void> {
  await t.clock.advance(t.eventsOf('connectFailed').at(-1)?.retryInMs ?? assert.fail('no retry is due'));
}

test('S1: the first connect happens at launch, at once, and the connection value is passed on as it is', async () => {
  const connection = { is: 'this very object' };
  const seen: unknown[] = [];
  const connector = { connect: () => connection as never, isConnected: () => true, disconnect() {} };
  const t = new TestFlight({ connector });
  await t.prepare({ a: { onServerConnect: (value) => void seen.push(value) } });
  assert.equal(t.eventsOf('connecting').length, 0, 'not before launch');
  void t.flight.launch();
  await turn();
  assert.deepEqual(t.eventsOf('connecting'), [{ type: 'connecting', attempt: 1 }]);
  assert.deepEqual(t.eventsOf('connected'), [{ type: 'connected', attempt: 1 }]);
  assert.equal(seen[0], connection);
  assert.equal(t.flight.status().connection, 'connected');
  await t.land();
});

test('S1: a satellite starts with its server down, and connects once that is there (hazard 26)', async () => {
  const server = new TestServer();
  server.vanish();
  const t = new TestFlight({ connector: server });
  await t.fly({ a: both });
  assert.equal(t.flight.status().state, 'flying');
  assert.equal(t.eventsOf('connectFailed').length, 1);
  server.restore();
  await waitForRetry(t);
  assert.deepEqual(t.log, ['a.init', 'server.connect', 'a.run', 'server.connect', 'a.onServerConnect c1']);
});

test('S1: connect gets the configurations', async () => {
  const t = new TestFlight({
    config: (name) => `raw ${name}`,
    connector: {
      connect: (config) =>
        config('server', {
          '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: String(value) }) },
        }),
      isConnected: () => true,
      disconnect() {},
    },
  });
  await t.fly({ a: both });
  assert.equal(t.log.at(-1), 'a.onServerConnect raw server');
});

test('S2: a failed attempt is an event with its error, and the next follows after a growing, jittered delay, without end', async () => {
  const server = new TestServer();
  server.vanish();
  const t = new TestFlight({ connector: server });
  await t.fly({ a: both });
  for (let failed = 1; failed <= 20; failed++) {
    assert.equal(t.eventsOf('connectFailed').length, failed);
    const { attempt, error, retryInMs = 0 } = t.eventsOf('connectFailed').at(-1) ?? assert.fail();
    assert.equal(attempt, failed);
    assert.equal((error as Error).message, 'the server is down');
    const full = Math.min(10_000, 100 * 1.25 ** (failed - 1));
    assert.ok(retryInMs >= full / 2 && retryInMs <= full, `attempt ${failed}: ${retryInMs} ms`);
    await t.clock.advance(retryInMs - 1);
    assert.equal(t.eventsOf('connecting').length, failed, 'not before');
    await t.clock.advance(1.001);
  }
  assert.equal(t.flight.status().state, 'flying', 'a server that is away lands nobody (hazard 4)');
});

test('S2: a connect that throws is a failed attempt like one that rejects', async () => {
  const boom = new Error('boom');
  const connect = (): never => {
    throw boom;
  };
  const t = new TestFlight({ connector: { connect, isConnected: () => true, disconnect() {} } });
  await t.fly({});
  assert.equal(t.eventsOf('connectFailed')[0]?.error, boom);
});

test('S2: an attempt that outlives its deadline is told to abort and ends when connect settles; attempts never overlap', async () => {
  const attempts: { attempt: ConnectAttempt; end: Gate<string> }[] = [];
  const connect: ServerConnector<string>['connect'] = (_, attempt) => {
    const end = gate<string>();
    attempts.push({ attempt, end });
    return end.passed;
  };
  const t = new TestFlight({
    connector: { connect, isConnected: () => true, disconnect() {} },
    timeouts: { connectMs: 300 },
  });
  await t.fly({ a: both });
  await t.clock.advance(299);
  assert.equal(attempts[0]?.attempt.signal.aborted, false);
  await t.clock.advance(1);
  assert.equal(attempts[0]?.attempt.signal.aborted, true);
  assert.deepEqual(t.eventsOf('connectOverdue'), [{ type: 'connectOverdue', attempt: 1 }]);
  await t.clock.advance(100_000);
  assert.equal(attempts.length, 1, 'the next waits for this one');
  attempts[0]?.end.fail(new Error('aborted'));
  await turn();
  sputnikError(t.eventsOf('connectFailed')[0]?.error, 'TIMEOUT');
  await waitForRetry(t);
  assert.equal(attempts.length, 2);
  assert.equal(attempts[1]?.attempt.signal.aborted, false, 'each has a signal of its own');
  await t.clock.advance(300);
  attempts[1]?.end.open('late but welcome');
  await turn();
  assert.equal(t.log.at(-1), 'a.onServerConnect late but welcome');
});

test('S2: an attempt has ten seconds unless configured', async () => {
  const server = new TestServer();
  server.hang();
  const t = new TestFlight({ connector: server });
  await t.fly({ a: both });
  await t.clock.advance(9_999);
  assert.equal(t.eventsOf('connectOverdue').length, 0);
  await t.clock.advance(1);
  assert.equal(t.eventsOf('connectFailed').length, 1);
});

test('S2: after a connection that lasted the first retry is immediate, after one that did not it is not', async () => {
  const server = new TestServer();
  const t = new TestFlight({ connector: server });
  await t.fly({ a: both });
  await t.clock.advance(500);
  server.drop();
  await turn();
  assert.equal(t.eventsOf('connecting').length, 2, 'at once');
  assert.equal(t.eventsOf('connectFailed').length, 1);
  const { retryInMs = 0 } = t.eventsOf('connectFailed')[0] ?? {};
  assert.ok(retryInMs <= 100, 'and the delays begin anew');
  server.restore();
  await waitForRetry(t);
  await t.clock.advance(499);
  server.drop();
  server.restore();
  await turn();
  assert.equal(t.eventsOf('disconnected').length, 2);
  assert.equal(t.eventsOf('connecting').length, 3, 'a server that drops every connection at once is not hammered');
  await t.clock.advance(200);
  assert.equal(t.eventsOf('connecting').length, 4);
});
