import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SputnikError, type BlockCommunicator, type Mail } from '@sputnikjs/core';
import { gate, turn } from '@sputnikjs/testkit';
import type { Acts } from '../support/recorder.js';
import { rejection, TestFlight } from '../support/test-flight.js';

interface N {
  readonly n: number;
}
const boom = new Error('boom');

/** A flight of `a` and of `b`, which takes batches, and the handle of `a` on `b`. */
async function batching(b: Acts<string>): Promise<{ t: TestFlight; toB: BlockCommunicator }> {
  const t = new TestFlight({ timeouts: { landingMs: 100 } });
  await t.fly({ a: {}, b });
  const toB = t.self('a').communicator('b');
  assert.ok(toB);
  return { t, toB };
}

const numbersOf = (mails: readonly Mail<unknown>[]): number[] => mails.map(({ msg }) => (msg as N).n);

test('M8: what waits comes in batches, in order, no larger than configured, and is never held back to fill one', async () => {
  const batches: number[][] = [];
  const release = [gate(), gate(), gate(), gate()];
  const onMsgs = async (mails: readonly Mail<unknown>[]): Promise<void> => {
    batches.push(numbersOf(mails));
    await release[batches.length - 1]?.passed;
  };
  const { t, toB } = await batching({ onMsgs, mailbox: { batch: 3 } });
  toB.send({ n: 1 });
  await turn();
  for (let n = 2; n <= 6; n++) toB.send({ n });
  await turn();
  assert.deepEqual(batches, [[1]], 'one call at a time, and the first did not wait for more');
  for (const { open } of release) {
    open();
    await turn();
  }
  assert.deepEqual(batches, [[1], [2, 3, 4], [5, 6]]);
  assert.equal(t.status('b').handled, 6);
  assert.equal((await t.land()).clean, true);
});

test('M8: concurrency counts calls', async () => {
  const batches: number[][] = [];
  const release = gate();
  const onMsgs = async (mails: readonly Mail<unknown>[]): Promise<void> => {
    batches.push(numbersOf(mails));
    await release.passed;
  };
  const { t, toB } = await batching({ onMsgs, mailbox: { batch: 2, concurrency: 2 } });
  for (let n = 1; n <= 6; n++) toB.send({ n });
  await turn();
  assert.deepEqual(batches, [
    [1, 2],
    [3, 4],
  ]);
  assert.deepEqual([t.status('b').depth, t.status('b').accepted], [2, 6]);
  release.open();
  await turn();
  assert.equal(t.status('b').handled, 6);
});

test('M8: each message has its own outcome, and the first that is given counts', async () => {
  const onMsgs = (mails: readonly Mail<unknown>[]): void => {
    for (const mail of mails) {
      const { n } = mail.msg as N;
      if (n === 1) mail.reply('one');
      if (n === 2) mail.fail(boom);
      if (n === 2) mail.reply('too late');
      if (n === 1) mail.fail(new Error('too late'));
    }
  };
  const { t, toB } = await batching({ onMsgs });
  const asked = [1, 2, 3].map((n) => toB.ask({ n }));
  assert.equal(await asked[0], 'one');
  assert.equal((await rejection(asked[1] as Promise<unknown>, 'ASK_FAILED')).cause, boom);
  assert.equal(await asked[2], undefined, 'what has no outcome when the call ends is handled');
  const { handled, failed, accepted } = t.status('b');
  assert.deepEqual([accepted, handled, failed], [3, 2, 1]);
  assert.equal((await t.land()).clean, true, 'whoever asked knows');
});

for (const how of ['throws', 'rejects'] as const)
  test(`M8: a call that ${how} fails those without an outcome; onError is asked once, and the report has their number`, async () => {
    const judged: unknown[] = [];
    const onMsgs = (mails: readonly Mail<unknown>[]): Promise<void> => {
      mails[0]?.reply();
      if (how === 'throws') throw boom;
      return Promise.reject(boom);
    };
    const onError = (error: unknown, where: string): 'continue' => {
      judged.push([error, where]);
      return 'continue';
    };
    const { t, toB } = await batching({ onMsgs, onError });
    for (let n = 1; n <= 5; n++) toB.send({ n });
    await turn();
    assert.deepEqual(judged, [[boom, 'onMsgs']]);
    const { handled, failed } = t.status('b');
    assert.deepEqual([handled, failed], [1, 4]);
    const { failures, clean } = await t.land();
    assert.deepEqual(
      [clean, failures.map(({ callback, count, error }) => [callback, count, error])],
      [false, [['onMsgs', 4, boom]]],
    );
  });

test('M8: messages that fail by themselves are told when the call ends, once, and land as any failure', async () => {
  const late = gate();
  const onMsgs = async (mails: readonly Mail<unknown>[]): Promise<void> => {
    for (const mail of mails) mail.fail(boom);
    await late.passed;
  };
  const { t, toB } = await batching({ onMsgs });
  for (let n = 1; n <= 3; n++) toB.send({ n });
  await turn();
  assert.equal(t.flight.status().state, 'flying');
  late.open();
  const { report } = await rejection(t.launched, 'BLOCK_FAILED');
  assert.deepEqual(
    report?.failures.map(({ count }) => count),
    [3],
  );
});

test('M8: those whose asker gave up are told, and do not land; the others do', async () => {
  const lates = [gate(), gate()];
  let calls = 0;
  const { t, toB } = await batching({ onMsgs: () => lates[calls++]?.passed.then(() => Promise.reject(boom)) });
  const asked = rejection(toB.ask({ n: 1 }, { timeoutMs: 10 }), 'ASK_TIMEOUT');
  await t.clock.advance(10);
  await asked;
  const askedAgain = rejection(toB.ask({ n: 2 }, { timeoutMs: 10 }), 'ASK_TIMEOUT');
  toB.send({ n: 3 });
  await t.clock.advance(10);
  await askedAgain;
  lates[0]?.open();
  await turn();
  assert.equal(t.flight.status().state, 'flying');
  assert.equal(t.status('b').failed, 1);
  assert.equal(t.eventsOf('failed').length, 1);
  lates[1]?.open();
  const { report } = await rejection(t.launched, 'BLOCK_FAILED');
  assert.deepEqual(
    report?.failures.map(({ count }) => count),
    [1],
    'of the batch with both',
  );
  assert.equal(t.status('b').failed, 3);
});

test('M8: a batch that does not end before the deadline is dropped, message by message; its askers are told', async () => {
  const never = new Promise<void>(() => {});
  let given: readonly Mail<unknown>[] = [];
  const onMsgs = (mails: readonly Mail<unknown>[]): Promise<void> => {
    given = mails;
    mails[0]?.reply('done');
    return never;
  };
  const { t, toB } = await batching({ onMsgs });
  const [first, second] = [toB.ask({ n: 1 }), rejection(toB.ask({ n: 2 }), 'ASK_ENDED')];
  toB.send({ n: 3 });
  assert.equal(await first, 'done');
  const landing = t.land();
  await t.clock.advance(100);
  const { unfinished, dropped } = await landing;
  await second;
  assert.deepEqual(
    unfinished.map(({ callback }) => callback),
    ['onMsgs'],
  );
  assert.deepEqual(
    dropped.map(({ count }) => count),
    [2],
  );
  given[1]?.reply('late');
  given[2]?.fail(boom);
  const { handled, failed, dropped: lost } = t.status('b');
  assert.deepEqual([handled, failed, lost], [1, 0, 2], 'what is dropped has that outcome');
});

test('M8: giving up when told to is no failure: the messages are lost, and counted as dropped', async () => {
  const t = new TestFlight({ timeouts: { landingMs: 1_000 } });
  const onMsgs = (_: readonly Mail<unknown>[], { landing }: { landing: AbortSignal }): Promise<void> =>
    new Promise((_resolve, reject) => landing.addEventListener('abort', () => reject(landing.reason as Error)));
  await t.fly({ a: {}, b: { onMsgs } });
  for (let n = 1; n <= 3; n++) t.self('a').communicator('b')?.send({ n });
  await turn();
  const { dropped, failures } = await t.land();
  assert.deepEqual([dropped.map(({ count }) => count), failures], [[3], []]);
});

test('M8: a sender may be written to from a batch, and who waits for room is let in as it empties', async () => {
  const onMsgs = (mails: readonly Mail<unknown>[]): void => {
    for (const { msg, from } of mails) from.send(msg as never);
  };
  const t = new TestFlight();
  const got: unknown[] = [];
  await t.fly({ a: { onMsg: ({ n }) => void got.push(n) }, b: { onMsgs, mailbox: { capacity: 2, batch: 2 } } });
  const toB = t.self('a').communicator('b');
  await Promise.all([1, 2, 3, 4, 5, 6, 7].map(async (n) => toB?.post({ n })));
  await turn();
  assert.deepEqual(got, [1, 2, 3, 4, 5, 6, 7]);
});

test('M8: as many come as wait, however long the calls before took', async () => {
  const sizes: number[] = [];
  const onMsgs = async (mails: readonly Mail<unknown>[]): Promise<void> => {
    sizes.push(mails.length);
    for (const until = performance.now() + 4; performance.now() < until;);
    await Promise.resolve();
  };
  const { t, toB } = await batching({ onMsgs });
  for (let n = 0; n < 2_560; n++) toB.send({ n });
  while (t.status('b').handled < 2_560) await turn();
  assert.deepEqual(
    sizes,
    Array.from({ length: 10 }, () => 256),
  );
});

test('M8: a promise is no answer: the message failed, and the asker knows why', async () => {
  const { t, toB } = await batching({ onMsgs: ([mail]) => mail?.reply(Promise.reject(boom).catch(() => {})) });
  const { cause, callback } = await rejection(toB.ask({ n: 1 }), 'ASK_FAILED');
  assert.equal(callback, 'onMsgs');
  assert.match(String(cause), /reply\(\) takes a value, not a promise: await it first/);
  assert.equal(t.status('b').failed, 1);
});

test('M8: what failed in a call that never ends is in the report', async () => {
  const onMsgs = (mails: readonly Mail<unknown>[]): Promise<void> => {
    mails[0]?.fail(boom);
    return new Promise(() => {});
  };
  const { t, toB } = await batching({ onMsgs });
  for (let n = 1; n <= 2; n++) toB.send({ n });
  await turn();
  const landed = t.land();
  await t.clock.advance(100);
  const { failures } = await landed;
  assert.deepEqual(
    failures.map(({ error }) => error),
    [boom],
  );
  const { failed, dropped } = t.status('b');
  assert.deepEqual({ failed, dropped }, { failed: 1, dropped: 1 });
});

test('M8: of messages that fail while it lands those that gave up are dropped, and the others failed', async () => {
  const givenUp = new DOMException('given up', 'AbortError');
  const gaveUpAsking = new SputnikError('ASK_ABORTED', undefined, { cause: givenUp });
  for (const errors of [
    [givenUp, boom],
    [boom, givenUp],
    [gaveUpAsking, boom],
    [boom, gaveUpAsking],
  ]) {
    const landing = gate();
    const onMsgs = async (mails: readonly Mail<unknown>[]): Promise<void> => {
      await landing.passed;
      mails.forEach((mail, i) => mail.fail(errors[i]));
    };
    const { t, toB } = await batching({ onMsgs, onLanding: () => landing.open() });
    for (let n = 1; n <= 2; n++) toB.send({ n });
    await turn();
    const { failures } = await t.land();
    const { failed, dropped } = t.status('b');
    assert.deepEqual([failed, dropped, failures.map(({ error }) => error)], [1, 1, [boom]]);
  }
});

test('M8: what is done to the array changes nothing', async () => {
  const { t, toB } = await batching({ onMsgs: (mails) => void ((mails as Mail[]).length = 0) });
  assert.equal(await toB.ask({ n: 1 }), undefined);
  assert.equal(t.status('b').handled, 1);
});
