import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import type { BlockCommunicator } from '@sputnikjs/core';
import { gate, never, turn } from '@sputnikjs/testkit';
import { TestFlight } from '../support/test-flight.js';

/** Notes what becomes of a promise. */
function watch(promise: Promise<unknown>): { outcome: unknown } {
  const watched: { outcome: unknown } = { outcome: 'waits' };
  promise.then(
    (value) => (watched.outcome = value),
    (error: unknown) => (watched.outcome = error),
  );
  return watched;
}

/** A flight whose `b` handles one message and has one more in its mailbox, which is full. */
async function full(): Promise<{ t: TestFlight; toB: BlockCommunicator; open: () => void }> {
  const opened = gate();
  const t = new TestFlight();
  await t.fly({ a: {}, b: { onMsg: () => opened.passed, mailbox: { capacity: 1 } } });
  const toB = t.self('a').communicator('b');
  assert.ok(toB);
  assert.equal(await toB.post({ n: 1 }), true);
  await turn();
  assert.equal(await toB.post({ n: 2 }), true, 'there was room');
  return { t, toB, open: opened.open };
}

test('M4: post waits for room, first come, first served', async () => {
  const { t, toB, open } = await full();
  const posts = [3, 4, 5].map((n) => watch(toB.post({ n })));
  await turn();
  assert.deepEqual(
    posts.map(({ outcome }) => outcome),
    ['waits', 'waits', 'waits'],
  );
  assert.equal(toB.send({ n: 6 }), false, 'send does not overtake');
  assert.equal(t.status('b').accepted, 2, 'what waits is not accepted yet');
  open();
  await turn();
  assert.deepEqual(
    posts.map(({ outcome }) => outcome),
    [true, true, true],
  );
  assert.deepEqual(
    t.log.slice(-5),
    [1, 2, 3, 4, 5].map((n) => `b.onMsg ${n}`),
  );
  assert.equal(t.status('b').rejected, 1);
});

test('M4: each place that becomes free lets one in', async () => {
  const steps = [gate(), gate(), gate()];
  let begun = 0;
  const t = new TestFlight();
  await t.fly({ a: {}, b: { onMsg: () => steps[begun++]?.passed ?? never, mailbox: { capacity: 1 } } });
  const toB = t.self('a').communicator('b');
  const posts = [1, 2, 3, 4, 5].map((n) => watch(toB?.post({ n }) ?? never));
  const letIn = (): number => posts.filter(({ outcome }) => outcome === true).length;
  await turn();
  assert.equal(letIn(), 2);
  steps[0]?.open();
  await turn();
  assert.equal(letIn(), 3);
  steps[1]?.open();
  await turn();
  assert.equal(letIn(), 4);
});

test('M4: post is false when there never will be room: no onMsg, a finished block, one that finishes while it waits', async () => {
  const t = new TestFlight({ timeouts: { landingMs: 100 } });
  await t.fly({ a: {}, b: { onMsg: () => never, mailbox: { capacity: 1 } }, deaf: {} });
  const toB = t.self('a').communicator('b');
  assert.equal(await t.self('a').communicator('deaf')?.post({}), false);
  toB?.send({ n: 1 });
  await turn();
  toB?.send({ n: 2 });
  const waiting = watch(toB?.post({ n: 3 }) ?? never);
  const landing = t.land();
  await t.clock.advance(100);
  assert.equal(waiting.outcome, false);
  assert.equal(await toB?.post({ n: 4 }), false);
  const { dropped } = await landing;
  assert.deepEqual(
    dropped.map(({ count }) => count),
    [2],
    'the refused one is not among the dropped',
  );
  assert.equal(t.status('b').rejected, 2);
});

test('M4: post rejects with the reason of its signal when that aborts first; its place in the queue is free', async () => {
  const { t, toB, open } = await full();
  const abort = new AbortController();
  const given = watch(toB.post({ n: 3 }, { signal: abort.signal }));
  const next = watch(toB.post({ n: 4 }));
  abort.abort('changed my mind');
  await turn();
  assert.equal(given.outcome, 'changed my mind');
  assert.equal(next.outcome, 'waits');
  assert.equal(t.status('b').rejected, 0, 'what was given up was no message yet');
  open();
  await turn();
  assert.equal(next.outcome, true);
  assert.ok(!t.log.includes('b.onMsg 3'));
  const late = watch(toB.post({ n: 5 }, { signal: abort.signal }));
  await turn();
  assert.equal(late.outcome, 'changed my mind', 'a signal that has aborted before sends nothing');
  assert.ok(!t.log.includes('b.onMsg 5'));
});

test('M4: a signal that aborts after the message was let in changes nothing', async () => {
  const { t, toB, open } = await full();
  const abort = new AbortController();
  const post = watch(toB.post({ n: 3 }, { signal: abort.signal }));
  open();
  await turn();
  assert.deepEqual(getEventListeners(abort.signal, 'abort'), [], 'nobody listens to it any more');
  abort.abort();
  await turn();
  assert.equal(post.outcome, true);
  assert.ok(t.log.includes('b.onMsg 3'));
});

test('M4: a mailbox that drops its oldest message has room for any', async () => {
  const t = new TestFlight();
  await t.fly({ a: {}, b: { onMsg: () => never, mailbox: { capacity: 1, whenFull: 'drop-oldest' } } });
  const toB = t.self('a').communicator('b');
  for (const n of [1, 2, 3, 4]) {
    assert.equal(await toB?.post({ n }), true);
    await turn();
  }
  assert.equal(t.status('b').dropped, 2);
});

test('M4: ten sources and a mailbox of four lose nothing, in the order of each source', async () => {
  const got: Record<string, number[]> = {};
  const each = 500;
  const t = new TestFlight();
  const names = Array.from({ length: 10 }, (_, i) => `source${i}`);
  const run = async (self: BlockCommunicator): Promise<void> => {
    const sink = self.communicator('sink');
    for (let n = 0; n < each; n++) assert.equal(await sink?.post({ n }), true);
  };
  const onMsg = ({ n }: { n: number }, from: BlockCommunicator): Promise<void> | void => {
    (got[from.descriptor.name] ??= []).push(n);
    return n % 7 === 0 ? new Promise((resolve) => setImmediate(resolve)) : undefined;
  };
  const sources = Object.fromEntries(names.map((name) => [name, { run }]));
  await t.fly({ sink: { onMsg, mailbox: { capacity: 4 } }, ...sources });
  const report = await t.land();
  assert.equal(report.clean, true, 'landing waits for the runs that still post');
  const inOrder = Array.from({ length: each }, (_, n) => n);
  assert.deepEqual(got, Object.fromEntries(names.map((name) => [name, inOrder])));
  const { accepted, handled, rejected } = t.status('sink');
  assert.deepEqual({ accepted, handled, rejected }, { accepted: 5_000, handled: 5_000, rejected: 0 });
});

test('M4: messages that wait for room when the landing begins are let in and handled', async () => {
  const { t, toB, open } = await full();
  const posts = [3, 4, 5].map((n) => watch(toB.post({ n })));
  const landing = t.land();
  await turn();
  assert.deepEqual(
    posts.map(({ outcome }) => outcome),
    ['waits', 'waits', 'waits'],
  );
  open();
  const { clean } = await landing;
  assert.equal(clean, true);
  assert.deepEqual(
    posts.map(({ outcome }) => outcome),
    [true, true, true],
  );
  assert.equal(t.status('b').handled, 5);
});
