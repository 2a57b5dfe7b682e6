import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gate, turn } from '@sputnikjs/testkit';
import { TestFlight } from '../support/test-flight.js';

test('a finish that waits for the report of its own landing is named, and the rest goes on (hazard 7)', async () => {
  const t: TestFlight = new TestFlight();
  await t.fly({ a: {}, b: { finish: async () => void (await t.flight.shootDown()) }, c: {} });
  const landing = t.land();
  await t.clock.advance(25_000);
  const { unfinished } = await landing;
  assert.deepEqual(
    unfinished.map(({ block, callback }) => [block.name, callback]),
    [['b', 'finish']],
  );
  assert.deepEqual(t.log.slice(-3), ['c.finish(false)', 'b.finish(false)', 'a.finish(false)']);
});

test('of a thousand accepted messages those that nobody could handle before the deadline are counted (hazard 17)', async () => {
  const t = new TestFlight();
  await t.fly({ a: {}, b: { onMsg: (_, __, ctx) => ctx.clock.sleep(100) } });
  const toB = t.self('a').communicator('b');
  for (let n = 0; n < 1_000; n++) assert.equal(toB?.send({ n }), true);
  const landing = t.land();
  await t.clock.advance(25_000);
  const { dropped, clean } = await landing;
  const { accepted, handled } = t.status('b');
  assert.equal(accepted, 1_000);
  assert.ok(handled > 100, `${handled} handled`);
  assert.deepEqual(dropped, [{ block: { name: 'b', responsibility: 'b' }, count: accepted - handled }]);
  assert.equal(clean, false);
});

test('a message that comes while its block finishes is not handled, and the sender knows (hazard 18)', async () => {
  const finish = gate();
  const t = new TestFlight();
  await t.fly({ a: { onMsg() {}, finish: () => finish.passed }, b: {} });
  const landing = t.land();
  await turn();
  assert.deepEqual(t.log.slice(-2), ['b.finish(false)', 'a.finish(false)']);
  assert.equal(t.self('b').communicator('a')?.send({}), false);
  await turn();
  finish.open();
  assert.equal((await landing).clean, true);
  assert.equal(t.log.at(-1), 'a.finish(false)');
});
