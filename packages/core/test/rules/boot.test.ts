import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Sputnik } from '@sputnikjs/core';
import { TestServer, gate, turn } from '@sputnikjs/testkit';
import { recorder } from '../support/recorder.js';
import { TestFlight } from '../support/test-flight.js';

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
    capacity: 0,
    handled: 0,
    failed: 0,
    dropped: 0,
  });
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
