import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlockCommunicator } from '@sputnikjs/core';
import { gate, never, turn } from '@sputnikjs/testkit';
import type { Acts } from '../support/recorder.js';
import { rejection, TestFlight } from '../support/test-flight.js';

/** A flight of `a` and `b`, and the handle of `a` on `b`. */
async function asking(b: Acts<string>): Promise<{ t: TestFlight; toB: BlockCommunicator }> {
  const t = new TestFlight({ timeouts: { landingMs: 100 } });
  await t.fly({ a: {}, b });
  const toB = t.self('a').communicator('b');
  assert.ok(toB);
  return { t, toB };
}

const boom = new Error('boom');

test('M5: ask resolves with what onMsg returns or resolves with', async () => {
  const { t, toB } = await asking({ onMsg: ({ n }) => (n === 1 ? 'now' : turn().then(() => 'later')) });
  assert.equal(await toB.ask({ n: 1 }), 'now');
  assert.equal(await toB.ask({ n: 2 }), 'later');
  assert.equal(t.status('b').handled, 2);
  assert.equal(t.clock.pending, 0, 'no timer is left');
});

test('M5: answers find their askers when several questions are under way', async () => {
  const answers = [gate<string>(), gate<string>(), gate<string>()];
  const { toB } = await asking({ onMsg: ({ n }) => answers[n]?.passed, mailbox: { concurrency: 3 } });
  const asked = [0, 1, 2].map((n) => toB.ask({ n }));
  await turn();
  for (const n of [2, 0, 1]) answers[n]?.open(`answer ${n}`);
  assert.deepEqual(await Promise.all(asked), ['answer 0', 'answer 1', 'answer 2']);
});

for (const [how, onMsg] of Object.entries({
  throws: () => {
    throw boom;
  },
  rejects: () => Promise.reject(boom),
})) {
  test(`M5: when onMsg ${how}, ask rejects at once with the cause, and the satellite does not land`, async () => {
    const { t, toB } = await asking({ onMsg, onError: () => assert.fail('onError is not asked') });
    const error = await rejection(toB.ask({ n: 1 }), 'ASK_FAILED');
    assert.equal(error.cause, boom);
    assert.deepEqual(error.block, { name: 'b', responsibility: 'b' });
    assert.equal(error.callback, 'onMsg');
    await turn();
    assert.equal(t.flight.status().state, 'flying');
    assert.equal(t.status('b').failed, 1);
    assert.equal(t.clock.pending, 0);
    assert.equal((await t.land()).clean, true);
  });
}

test('M5: a failure whose asker had given up is told, and does not land either', async () => {
  const answer = gate<string>();
  const { t, toB } = await asking({ onMsg: () => answer.passed });
  const asked = rejection(toB.ask({ n: 1 }, { timeoutMs: 10 }), 'ASK_TIMEOUT');
  await t.clock.advance(10);
  await asked;
  answer.fail(boom);
  await turn();
  assert.equal(t.flight.status().state, 'flying');
  assert.deepEqual(
    t.eventsOf('failed').map(({ block, callback, error }) => [block.name, callback, error]),
    [['b', 'onMsg', boom]],
  );
});

test('M5: ask rejects when the question is refused: no onMsg, a full mailbox, a finished block', async () => {
  const { t, toB } = await asking({ onMsg: () => never, mailbox: { capacity: 1 } });
  const toA = toB.communicator('a');
  assert.equal((await rejection(toA?.ask({}) ?? never, 'ASK_REFUSED')).block?.name, 'a');
  toB.send({ n: 1 });
  await turn();
  toB.send({ n: 2 });
  await rejection(toB.ask({ n: 3 }), 'ASK_REFUSED');
  assert.equal(t.status('b').rejected, 1);
  const landing = t.land();
  await t.clock.advance(100);
  await landing;
  await rejection(toB.ask({ n: 4 }), 'ASK_REFUSED');
  assert.equal(t.clock.pending, 0);
});

test('M5: ask rejects when the question is dropped to make room', async () => {
  const { t, toB } = await asking({ onMsg: () => never, mailbox: { capacity: 1, whenFull: 'drop-oldest' } });
  toB.send({ n: 1 });
  await turn();
  const asked = rejection(toB.ask({ n: 2 }), 'ASK_DROPPED');
  toB.send({ n: 3 });
  await asked;
  assert.equal(t.clock.pending, 0);
});

test('M5: ask rejects after thirty seconds, or the time it is given', async () => {
  const { t, toB } = await asking({ onMsg: () => never, mailbox: { concurrency: 2 } });
  let settled = 0;
  const long = rejection(toB.ask({ n: 1 }), 'ASK_TIMEOUT').finally(() => settled++);
  const short = rejection(toB.ask({ n: 2 }, { timeoutMs: 100 }), 'ASK_TIMEOUT').finally(() => settled++);
  await t.clock.advance(99);
  assert.equal(settled, 0);
  await t.clock.advance(1);
  await short;
  await t.clock.advance(29_899);
  assert.equal(settled, 1);
  await t.clock.advance(1);
  await long;
});

test('M5: ask rejects when its signal aborts, or has aborted before, with the reason as cause', async () => {
  const { t, toB } = await asking({ onMsg: () => never });
  const abort = new AbortController();
  const asked = rejection(toB.ask({ n: 1 }, { signal: abort.signal }), 'ASK_ABORTED');
  await turn();
  abort.abort('enough');
  assert.equal((await asked).cause, 'enough');
  await rejection(toB.ask({ n: 2 }, { signal: abort.signal }), 'ASK_ABORTED');
  assert.equal(t.status('b').accepted, 1, 'the second one was never sent');
  assert.equal(t.clock.pending, 0);
});

test('M5: an answer after the asker gave up is no trouble', async () => {
  const answer = gate<string>();
  const { t, toB } = await asking({ onMsg: () => answer.passed });
  const asked = rejection(toB.ask({ n: 1 }, { timeoutMs: 10 }), 'ASK_TIMEOUT');
  await t.clock.advance(10);
  await asked;
  answer.open('late');
  assert.equal(await toB.ask({ n: 2 }), 'late');
  assert.equal(t.status('b').handled, 2);
});

test('M5: ask rejects when the block that was asked ends: in its mailbox, or under way', async () => {
  const { t, toB } = await asking({ onMsg: () => never });
  const underWay = rejection(toB.ask({ n: 1 }), 'ASK_ENDED');
  const waiting = rejection(toB.ask({ n: 2 }), 'ASK_ENDED');
  const landing = t.land();
  await t.clock.advance(100);
  await Promise.all([underWay, waiting]);
  const { dropped } = await landing;
  assert.deepEqual(dropped, [{ block: { name: 'b', responsibility: 'b' }, count: 2 }]);
  assert.equal(t.clock.pending, 0);
});

test('M5: questions that are accepted when the landing begins are answered', async () => {
  const answer = gate<string>();
  const { t, toB } = await asking({ onMsg: () => answer.passed });
  const asked = toB.ask({ n: 1 });
  const landing = t.land();
  await turn();
  answer.open('in time');
  assert.equal(await asked, 'in time');
  assert.equal((await landing).clean, true);
});

test('M5: a thenable that is no promise is awaited too', async () => {
  /** Resolves later for a first message, rejects for others. */
  const thenable = (n: number): object => ({
    // oxlint-disable-next-line unicorn/no-thenable -- that is the point
    then: (resolve: (value: string) => void, reject: (error: Error) => void): void =>
      void setImmediate(() => (n === 1 ? resolve('later') : reject(boom))),
  });
  const { t, toB } = await asking({ onMsg: ({ n }) => thenable(n) });
  const [first, second] = [toB.ask({ n: 1 }), rejection(toB.ask({ n: 2 }), 'ASK_FAILED')];
  assert.equal(await first, 'later');
  assert.equal((await second).cause, boom);
  assert.equal(t.status('b').failed, 1);
});
