// What random flights once broke, each as small as it gets: every test names the rule and what happens.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gate, never, turn, untilAborted } from '@sputnikjs/testkit';
import { TestFlight } from '../support/test-flight.js';

test('L2: a message that is accepted while a mailbox has just drained is delivered, as long as there is time', async () => {
  // So many microtasks after the last handler has ended, all of them with the whole deadline in hand.
  for (let hops = 0; hops < 20; hops++) {
    const t = new TestFlight();
    const last = gate();
    await t.fly({ a: { onMsg: (msg) => (msg.n === 1 ? last.passed : undefined) } });
    const a = t.self('a');
    a.send({ n: 1 });
    const landed = t.land();
    await t.clock.advance(10);
    last.open();
    for (let i = 0; i < hops; i++) await Promise.resolve();
    const accepted = a.send({ n: 2 });
    assert.deepEqual((await landed).dropped, [], `${hops} microtasks later, accepted: ${accepted}`);
  }
});

test('L4: a hanging heartbeat is named though disconnect fails', async () => {
  const t = new TestFlight({
    connector: { connect: () => 'c', isConnected: () => never, disconnect: () => Promise.reject(new Error('boom')) },
    timeouts: { heartbeatMs: 100, landingMs: 1_000 },
  });
  await t.fly({ a: {} });
  await t.clock.advance(150);
  const landed = t.land();
  await t.clock.advance(1_000);
  assert.deepEqual(
    (await landed).unfinished.map(({ block, callback }) => `${block.name}.${callback}`),
    ['connector.finish'],
  );
});

test('S3: after a heartbeat that throws at once, the next connection has heartbeats again', async () => {
  let beats = 0;
  const isConnected = (): boolean => {
    if (++beats === 1) throw new Error('boom');
    return true;
  };
  const t = new TestFlight({ connector: { connect: () => 'c', isConnected, disconnect() {} } });
  await t.fly({ a: {} });
  await t.clock.advance(30_000);
  assert.equal(t.eventsOf('disconnected').length, 1);
  assert.ok(beats > 1, 'no heartbeat after the one that threw');
});

test('F3: an init that gives up when its deadline aborts its signal fails once, not twice', async () => {
  const t = new TestFlight({ timeouts: { initMs: 100 } });
  const preparing = t.prepare({ a: { init: (_, ctx) => untilAborted(ctx.signal) } });
  await Promise.all([t.clock.advance(100), assert.rejects(preparing, { code: 'INIT_FAILED' })]);
  await turn();
  assert.equal(t.eventsOf('failed').length, 1);
});

test('L3: the landing does not say that it waits for what it has given up', async () => {
  const t = new TestFlight({ timeouts: { landingMs: 60_000 } });
  const end = gate();
  await t.fly({ a: { finish: () => end.passed }, b: { run: () => never } });
  const landing = t.land();
  // b has a third of 60 s, then a is waited for.
  await t.clock.advance(25_000);
  assert.deepEqual(
    t
      .eventsOf('waiting')
      .at(-1)
      ?.for.map(({ block, callback }) => `${block.name}.${callback}`),
    ['a.finish'],
  );
  end.open();
  await landing;
});
