import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gate, never, TestServer, turn, type Gate } from '@sputnikjs/testkit';
import { TestFlight } from '../support/test-flight.js';

test('eleven outages during one onServerConnect start no second one, and the block then learns of the present connection (hazard 20)', async () => {
  const server = new TestServer();
  const t = new TestFlight({ connector: server });
  const open: Gate[] = [];
  const slowly = (): Promise<void> => {
    const last = gate();
    open.push(last);
    return last.passed;
  };
  await t.fly({ a: { onServerConnect: slowly, onServerDisconnect: slowly } });
  for (let outage = 0; outage < 11; outage++) {
    server.drop();
    server.restore();
    await t.clock.advance(10_000);
  }
  assert.equal(t.eventsOf('connected').length, 12);
  assert.equal(open.length, 1, 'one callback under way');
  for (let told = 0; told < open.length; told++) {
    assert.equal(open.length, told + 1);
    open[told]?.open();
    await turn();
  }
  assert.deepEqual(
    t.log.slice(2).filter((line) => !line.startsWith('server')),
    ['a.run', 'a.onServerConnect c1', 'a.onServerDisconnect', 'a.onServerConnect c12'],
  );
});

test('of one block at most a run, one onMsg and one server callback are under way, whatever comes (hazard 20)', async () => {
  const server = new TestServer();
  const t = new TestFlight({ connector: server });
  const hang = (): Promise<never> => never;
  await t.fly({ a: { run: hang, onMsg: hang, onServerConnect: hang, onServerDisconnect: hang } });
  for (let n = 0; n < 10; n++) {
    t.self('a').send({ n });
    server.drop();
    server.restore();
    await t.clock.advance(10_000);
  }
  assert.ok(t.eventsOf('connected').length > 10);
  assert.deepEqual(
    t.log.filter((line) => line.startsWith('a.')),
    ['a.init', 'a.run', 'a.onServerConnect c1', 'a.onMsg 0'],
  );
});
