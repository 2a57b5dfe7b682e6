import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlockCommunicator, Mail, MailboxOptions, Msg } from '@sputnikjs/core';
import { gate, never, turn, type Gate } from '@sputnikjs/testkit';
import type { Acts } from '../support/recorder.js';
import { problemsOf, rejection, TestFlight } from '../support/test-flight.js';

interface Load {
  readonly n: number;
  readonly kg: number;
}

/** A mailbox for 10 kg. */
const TEN: MailboxOptions<Load> = { weigh: ({ kg }) => kg, maxWeight: 10 };

interface Scene {
  readonly t: TestFlight;
  readonly toB: BlockCommunicator;
  /** Numbers of the messages whose handler has begun. */
  readonly begun: number[];
  /** One for each handler that has begun; it ends when that opens. */
  readonly ends: Gate[];
}

/** A flight whose `b` takes loads of 10 kg together, and handles each until a test lets it end. */
async function scene(mailbox: MailboxOptions<Load> = {}, acts: Partial<Acts<string>> = {}): Promise<Scene> {
  const begun: number[] = [];
  const ends: Gate[] = [];
  const onMsg = ({ n }: Msg): Promise<void> => {
    const end = gate();
    begun.push(n as number);
    ends.push(end);
    return end.passed;
  };
  const t = new TestFlight();
  await t.fly({ a: {}, b: { onMsg, mailbox: { ...TEN, ...mailbox }, ...acts } });
  const toB = t.self('a').communicator('b');
  assert.ok(toB);
  return { t, toB, begun, ends };
}

/** Notes which of these have resolved with true, or rejected. */
function watch(promises: readonly Promise<unknown>[]): { readonly letIn: number[]; readonly rejected: unknown[] } {
  const watched = { letIn: [] as number[], rejected: [] as unknown[] };
  for (const [at, promise] of promises.entries()) {
    promise.then(
      (value) => value === true && watched.letIn.push(at),
      (error: unknown) => watched.rejected.push(error),
    );
  }
  return watched;
}

test('M10: what a mailbox holds, waiting or under way, weighs no more than maxWeight; what ends leaves room', async () => {
  const { toB, begun, ends } = await scene();
  assert.equal(toB.send({ n: 1, kg: 6 }), true);
  await turn();
  assert.deepEqual(begun, [1], 'it is under way, and is held all the same');
  assert.equal(toB.send({ n: 2, kg: 5 }), false);
  assert.equal(toB.send({ n: 3, kg: 4 }), true);
  assert.equal(toB.send({ n: 4, kg: 1 }), false);
  ends[0]?.open();
  await turn();
  assert.equal(toB.send({ n: 5, kg: 6 }), true);
  assert.equal(toB.send({ n: 6, kg: 1 }), false);
});

test('M10: what is refused for its weight is counted as rejected, and the landing is clean', async () => {
  const { t, toB, ends } = await scene();
  for (const n of [1, 2, 3]) toB.send({ n, kg: 10 });
  const { accepted, rejected, dropped } = t.status('b');
  assert.deepEqual({ accepted, rejected, dropped }, { accepted: 1, rejected: 2, dropped: 0 });
  await turn();
  ends[0]?.open();
  assert.equal((await t.land()).clean, true);
});

test('M10: a message that is heavier than maxWeight is accepted when nothing else is held, and waits for that', async () => {
  const { toB, begun, ends } = await scene();
  assert.equal(toB.send({ n: 1, kg: 1 }), true);
  assert.equal(toB.send({ n: 2, kg: 50 }), false);
  const posts = watch([toB.post({ n: 3, kg: 50 })]);
  await turn();
  assert.deepEqual(posts.letIn, []);
  ends[0]?.open();
  await turn();
  assert.deepEqual([posts.letIn, begun], [[0], [1, 3]]);
  assert.equal(toB.send({ n: 4, kg: 1 }), false, 'nothing fits beside it');
  ends[1]?.open();
  await turn();
  assert.equal(toB.send({ n: 5, kg: 1 }), true);
});

test('M10: nobody overtakes one that is too heavy: neither a send, nor a light post or ask', async () => {
  const { t, toB, begun, ends } = await scene();
  toB.send({ n: 1, kg: 6 });
  await turn();
  const waiting = watch([toB.post({ n: 2, kg: 9 }), toB.post({ n: 3, kg: 1 }), toB.ask({ n: 4, kg: 1 })]);
  await turn();
  assert.equal(toB.send({ n: 5, kg: 1 }), false, 'it would fit, and others came before');
  await rejection(toB.ask({ n: 6, kg: 1 }, { whenFull: 'reject' }), 'ASK_REFUSED');
  assert.deepEqual(waiting.letIn, []);
  ends[0]?.open();
  await turn();
  assert.deepEqual(waiting.letIn, [0, 1], 'the heavy one, and one that fits beside it');
  for (const at of [1, 2]) {
    ends[at]?.open();
    await turn();
  }
  assert.deepEqual(begun, [1, 2, 3, 4]);
  assert.equal(t.status('b').rejected, 2);
});

test('M10: when a heavy one gives up, those behind it are let in as far as they fit', async () => {
  const { t, toB } = await scene();
  toB.send({ n: 1, kg: 6 });
  const abort = new AbortController();
  const heavy = watch([toB.post({ n: 2, kg: 9 }, { signal: abort.signal })]);
  const light = watch([3, 4, 5].map((n) => toB.post({ n, kg: 2 })));
  await turn();
  assert.deepEqual(light.letIn, []);
  abort.abort();
  await turn();
  assert.equal(heavy.rejected.length, 1);
  assert.deepEqual(light.letIn, [0, 1]);
  assert.equal(t.status('b').accepted, 3);
});

test('M10: a question that gives up leaves its room to others, too', async () => {
  const { t, toB } = await scene();
  toB.send({ n: 1, kg: 6 });
  const heavy = watch([toB.ask({ n: 2, kg: 9 }, { timeoutMs: 50 })]);
  const light = watch([toB.post({ n: 3, kg: 2 })]);
  await t.clock.advance(50);
  assert.equal(heavy.rejected.length, 1);
  assert.deepEqual(light.letIn, [0]);
});

for (const [how, onMsg] of [
  ['handled at once', (): void => {}],
  ['failed at once', (): void => assert.fail('it fails')],
  ['failed in time', async (): Promise<void> => assert.fail('it fails')],
] as const) {
  test(`M10: a message weighs nothing any more when it has ${how}`, async () => {
    const { t, toB } = await scene({}, { onMsg, onError: () => 'continue' });
    const posts = watch([1, 2, 3, 4].map((n) => toB.post({ n, kg: 10 })));
    await turn();
    assert.deepEqual(posts.letIn, [0, 1, 2, 3]);
    const { handled, failed } = t.status('b');
    assert.equal(handled + failed, 4);
  });
}

test('M10: a batch weighs until its call has ended, whatever outcomes its messages have before', async () => {
  const { passed, open } = gate();
  const onMsgs = async (batch: readonly Mail[]): Promise<void> => {
    for (const mail of batch) mail.reply();
    await passed;
  };
  const t = new TestFlight();
  await t.fly({ a: {}, b: { onMsgs, mailbox: TEN } });
  const toB = t.self('a').communicator('b');
  assert.deepEqual(
    [4, 4, 4].map((kg, n) => toB?.send({ n, kg })),
    [true, true, false],
  );
  await turn();
  assert.equal(t.status('b').handled, 2);
  assert.equal(toB?.send({ n: 4, kg: 4 }), false, 'the call has the messages still');
  const posts = watch([toB?.post({ n: 5, kg: 10 }) ?? never]);
  open();
  await turn();
  assert.deepEqual(posts.letIn, [0]);
});

test('M10: drop-oldest drops as many as the new one needs, and never the new one', async () => {
  const { t, toB, begun, ends } = await scene({ whenFull: 'drop-oldest' });
  toB.send({ n: 1, kg: 2 });
  await turn();
  assert.deepEqual(
    [2, 3, 4, 5].map((n) => toB.send({ n, kg: n === 5 ? 7 : 2 })),
    [true, true, true, true],
  );
  assert.equal(t.status('b').dropped, 3, 'beside what is under way there was room for none of them');
  ends[0]?.open();
  await turn();
  assert.deepEqual(begun, [1, 5]);
  ends[1]?.open();
  await turn();
  for (const n of [6, 7]) toB.send({ n, kg: 50 });
  await turn();
  assert.deepEqual(begun, [1, 5, 7]);
  assert.equal(t.status('b').dropped, 4);
});

test('M10: drop-oldest drops nothing for what would not fit beside the messages under way: that waits or is refused', async () => {
  const { t, toB, begun, ends } = await scene({ whenFull: 'drop-oldest' });
  toB.send({ n: 1, kg: 6 });
  await turn();
  toB.send({ n: 2, kg: 1 });
  assert.equal(toB.send({ n: 3, kg: 5 }), false);
  const posts = watch([toB.post({ n: 4, kg: 5 })]);
  await turn();
  assert.deepEqual(posts.letIn, []);
  assert.equal(t.status('b').dropped, 0);
  ends[0]?.open();
  await turn();
  assert.deepEqual([posts.letIn, begun], [[0], [1, 2]]);
});

test('M10: what is dropped while the mailbox closes lets nobody in', async () => {
  const abort = new AbortController();
  const t = new TestFlight({ onEvent: ({ type }) => type === 'dropped' && abort.abort() });
  await t.fly({ a: {}, b: { onMsg: () => never, mailbox: TEN } });
  const toB = t.self('a').communicator('b');
  for (const n of [1, 2]) toB?.send({ n, kg: 5 });
  const posts = watch([
    toB?.post({ n: 3, kg: 9 }, { signal: abort.signal }) ?? never,
    toB?.post({ n: 4, kg: 1 }) ?? never,
  ]);
  const landing = t.land();
  await t.clock.advance(25_000);
  await landing;
  assert.deepEqual([posts.letIn, posts.rejected.length], [[], 1]);
  const { accepted, dropped } = t.status('b');
  assert.deepEqual({ accepted, dropped }, { accepted: 2, dropped: 2 });
});

for (const [what, weigh] of [
  ['that throws', (): number => assert.fail('no scales')],
  ['that gives a fraction', (): number => 1.5],
  ['that gives less than 0', (): number => -1],
  ['that gives no number', (): number => Number.NaN],
] as const) {
  test(`M10: a weigh ${what} refuses the message for good, and is a failure of the block`, async () => {
    const { t, toB } = await scene({ weigh }, { onError: () => 'continue' });
    assert.equal(toB.send({ n: 1 }), false);
    assert.equal(await toB.post({ n: 2 }), false);
    await rejection(toB.ask({ n: 3 }), 'ASK_REFUSED');
    const failures = t.eventsOf('failed').map(({ callback, decision }) => `${callback} ${decision}`);
    assert.deepEqual(failures, ['weigh continue', 'weigh continue', 'weigh continue']);
    const { accepted, rejected } = t.status('b');
    assert.deepEqual({ accepted, rejected }, { accepted: 0, rejected: 3 });
    assert.equal((await t.land()).clean, true, 'its senders know');
  });
}

test('M10: a weigh that fails lands, unless onError says otherwise', async () => {
  const { t, toB } = await scene({ weigh: () => assert.fail('no scales') });
  assert.equal(toB.send({ n: 1 }), false);
  const { message } = await rejection(t.launched, 'BLOCK_FAILED');
  assert.match(message, /block b, weigh: no scales/);
});

test('M10: a block that has finished weighs nothing', async () => {
  let weighed = 0;
  const { t, toB } = await scene({ weigh: () => ++weighed });
  await t.land();
  assert.equal(toB.send({ n: 1 }), false);
  assert.equal(await toB.post({ n: 1 }), false);
  assert.equal(weighed, 0);
});

test('B2: weigh and maxWeight go together, and maxWeight is a positive integer', async () => {
  const problems = async (mailbox: MailboxOptions): Promise<readonly string[]> =>
    problemsOf({
      appBlocks: [{ name: 'b' }],
      blockFactories: { b: () => ({ init() {}, run() {}, finish() {}, onMsg() {}, mailbox }) },
    });
  assert.deepEqual(await problems(TEN), []);
  for (const half of [{ maxWeight: 10 }, { weigh: () => 1 }]) {
    assert.deepEqual(await problems(half), [
      'block b: its mailbox.weigh and mailbox.maxWeight go together; give both or neither',
    ]);
  }
  assert.deepEqual(await problems({ ...TEN, maxWeight: 0.5 }), [
    'block b: its mailbox.maxWeight must be a positive integer, not 0.5',
  ]);
});
