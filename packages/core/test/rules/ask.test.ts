import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { defineBlock, Sputnik, type BlockCommunicator } from '@sputnikjs/core';
import { gate, never, turn, type Gate } from '@sputnikjs/testkit';
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
  await t.land();
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
    assert.equal((await t.land()).clean, true);
    assert.equal(t.clock.pending, 0);
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
  await rejection(toB.ask({ n: 3 }, { whenFull: 'reject' }), 'ASK_REFUSED');
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
  const landing = t.land();
  await t.clock.advance(100);
  await landing;
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
});

test('M5: a question that has an answer listens to its signal no more', async () => {
  const { toB } = await asking({ onMsg: ({ n }) => n });
  const { signal } = new AbortController();
  assert.equal(await toB.ask({ n: 1 }, { signal }), 1);
  assert.deepEqual(getEventListeners(signal, 'abort'), []);
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

/** `b` handles one message and has one more waiting: it has no room. */
async function full(): Promise<{ t: TestFlight; toB: BlockCommunicator; release: Gate }> {
  const release = gate();
  const { t, toB } = await asking({ onMsg: () => release.passed, mailbox: { capacity: 1 } });
  toB.send({ n: 1 });
  await turn();
  toB.send({ n: 2 });
  return { t, toB, release };
}

test('M5: ask waits for room, in turn with those who post, and nobody overtakes', async () => {
  const release = gate();
  const order: unknown[] = [];
  const onMsg = async ({ n }: { n?: unknown }): Promise<unknown> => {
    if (n === 1) await release.passed;
    return order.push(n) && n;
  };
  const { toB } = await asking({ onMsg, mailbox: { capacity: 1 } });
  toB.send({ n: 1 });
  await turn();
  toB.send({ n: 2 });
  const waiting = [toB.post({ n: 3 }), toB.ask({ n: 4 }), toB.post({ n: 5 }), toB.ask({ n: 6 })];
  await turn();
  assert.equal(toB.send({ n: 7 }), false, 'send overtakes who waits');
  release.open();
  assert.deepEqual(await Promise.all(waiting), [true, 4, true, 6]);
  await turn();
  assert.deepEqual(order, [1, 2, 3, 4, 5, 6]);
});

test('M5: a question that finds no room before its deadline is refused, was never handled, and leaves the queue', async () => {
  const { t, toB, release } = await full();
  const refused = rejection(toB.ask({ n: 3 }, { timeoutMs: 100 }), 'ASK_REFUSED');
  const next = toB.ask({ n: 4 }, { timeoutMs: 200 });
  await t.clock.advance(100);
  await refused;
  release.open();
  await next;
  assert.equal(t.status('b').accepted, 3);
  assert.equal(t.status('b').rejected, 1);
  assert.equal(t.status('b').handled, 3, 'the one that waited after it came next');
});

test('M5: the deadline of a question counts from the call: what waiting takes is gone', async () => {
  const answer = gate();
  const first = gate();
  const onMsg = ({ n }: { n?: unknown }): unknown => (n === 1 ? first.passed : answer.passed);
  const { t, toB } = await asking({ onMsg, mailbox: { capacity: 1 } });
  toB.send({ n: 1 });
  await turn();
  toB.send({ n: 2 });
  const late = rejection(toB.ask({ n: 3 }, { timeoutMs: 100 }), 'ASK_TIMEOUT');
  await t.clock.advance(60);
  first.open();
  await turn();
  await t.clock.advance(39);
  assert.equal(t.status('b').accepted, 3);
  await t.clock.advance(1);
  await late;
  answer.open();
});

test('M5: a question that waits for room leaves when its signal aborts, and when the block finishes', async () => {
  const { t, toB } = await full();
  const abort = new AbortController();
  const aborted = rejection(toB.ask({ n: 3 }, { signal: abort.signal }), 'ASK_ABORTED');
  const refused = rejection(toB.ask({ n: 4 }), 'ASK_REFUSED');
  abort.abort();
  await aborted;
  const landing = t.land();
  await t.clock.advance(100);
  await Promise.all([landing, refused]);
  assert.equal(t.clock.pending, 0);
});

test('M5: a question that waits for room keeps the landing from finding the mailbox idle', async () => {
  const { t, toB, release } = await full();
  const asked = toB.ask({ n: 3 });
  const landing = t.land();
  await turn();
  release.open();
  await asked;
  assert.deepEqual([(await landing).clean, t.status('b').handled], [true, 3]);
});

test('M5: without a deadline nothing is timed', async () => {
  const { t, toB } = await asking({ onMsg: () => 'now' });
  const before = t.clock.pending;
  const asked = toB.ask({}, { timeoutMs: Infinity });
  assert.equal(t.clock.pending, before);
  assert.equal(await asked, 'now');
});

test('M5: deadlines of many lengths are kept, each by itself, whatever order they were given in', async () => {
  const { t, toB } = await asking({ onMsg: () => never, mailbox: { concurrency: 100 } });
  const ended: number[] = [];
  const lengths = Array.from({ length: 50 }, (_, n) => 1 + ((n * 37) % 50));
  for (const ms of lengths) void rejection(toB.ask({}, { timeoutMs: ms }), 'ASK_TIMEOUT').then(() => ended.push(ms));
  for (let ms = 1; ms <= 50; ms++) {
    await t.clock.advance(1);
    assert.equal(ended.length, ms);
    assert.equal(ended.at(-1), ms);
  }
});

test('M5: a deadline that is no number is over at once', async () => {
  const { t, toB } = await asking({ onMsg: () => never });
  const asked = rejection(toB.ask({ n: 1 }, { timeoutMs: Number.NaN }), 'ASK_TIMEOUT');
  await t.clock.advance(1);
  await asked;
});

test('M5: blocks that ask each other in a circle wait until a deadline; a landing names them and ends their waits (hazard 39)', async () => {
  const t = new TestFlight({ timeouts: { landingMs: 20_000 } });
  const asks = (to: string): Acts<string> => ({
    onMsg: (_msg, from) => from.communicator(to)?.ask({}, { timeoutMs: Infinity }) as Promise<unknown>,
    onError: () => 'continue',
  });
  await t.fly({ a: asks('b'), b: asks('c'), c: asks('a'), apart: { onMsg: () => never } });
  t.self('apart').send({});
  const asked = t.self('apart').communicator('a')?.ask({}, { timeoutMs: Infinity }) ?? never;
  asked.catch(() => {});
  await turn();
  assert.equal(t.flight.isIdle, false);
  const landed = t.land();
  await t.clock.advance(5_000);
  const [waiting] = t.eventsOf('waiting');
  const circle = waiting?.circle.map(({ name }) => name).join('') ?? '';
  assert.ok(circle.length === 3 && (circle + circle).includes('abc'), circle);
  await t.clock.advance(20_000);
  const { unfinished, tookMs } = await landed;
  assert.deepEqual(
    unfinished.map(({ block }) => block.name),
    ['apart', 'c'],
  );
  assert.ok(tookMs <= 20_000);
  assert.equal((await rejection(asked, 'ASK_FAILED')).block?.name, 'a');
});

test('M5: who has had an answer is in no circle', async () => {
  const t = new TestFlight();
  const b: Acts<string> = {
    onMsg: ({ n }, from) => (n === 1 ? 'an answer' : from.communicator('a')?.ask({}, { timeoutMs: Infinity })),
    onError: () => 'continue',
  };
  await t.fly({ a: { onMsg: () => never }, b, c: {} });
  assert.equal(await t.self('a').communicator('b')?.ask({ n: 1 }), 'an answer');
  t.self('c').communicator('b')?.send({ n: 2 });
  await turn();
  void t.land();
  await t.clock.advance(5_000);
  const [waiting] = t.eventsOf('waiting');
  assert.deepEqual(waiting?.circle, []);
});

test('M5: blocks that wait for room in the mailboxes of each other are a circle too', async () => {
  const t = new TestFlight();
  const fills = (to: string): Acts<string> => ({
    mailbox: { capacity: 1 },
    async onMsg(_msg, from) {
      for (let n = 0; n < 3; n++) await from.communicator(to)?.post({ n });
    },
  });
  await t.fly({ a: fills('b'), b: fills('a'), c: {} });
  for (const to of ['a', 'b']) t.self('c').communicator(to)?.send({});
  await turn();
  void t.land();
  await t.clock.advance(5_000);
  const [waiting] = t.eventsOf('waiting');
  assert.deepEqual(waiting?.circle.map(({ name }) => name).toSorted(), ['a', 'b']);
});

test('B2: needs that go in a circle are a warning', async () => {
  const block = (name: string, ...needs: string[]) =>
    defineBlock({ name, needs: Object.fromEntries(needs.map((need) => [need, need])), make: () => ({ onMsg() {} }) });
  const warningsOf = async (...blocks: ReturnType<typeof block>[]): Promise<string> => {
    const appBlocks = blocks.map(({ name }) => ({ name }));
    const blockFactories = Object.fromEntries(blocks.map((each) => [each.name, each]));
    const { problems, warnings } = await new Sputnik({ appBlocks, blockFactories, signals: false }).assemble();
    assert.deepEqual(problems, []);
    return warnings.join();
  };
  assert.equal(await warningsOf(block('a', 'b', 'c'), block('b', 'c'), block('c')), '');
  assert.match(await warningsOf(block('a', 'b'), block('b', 'c'), block('c', 'b')), /b → c → b/);
  assert.match(await warningsOf(block('a', 'a')), /a → a/);
});

test('M5: a receiver can tell whether the asker still waits', async () => {
  const seen: (boolean | undefined)[] = [];
  const [first, second] = [gate(), gate()];
  const gates = [first, second];
  const { t, toB } = await asking({
    async onMsg(_msg, _from, _ctx, asker) {
      seen.push(asker?.isWaiting);
      await gates.shift()?.passed;
      seen.push(asker?.isWaiting);
    },
  });
  const late = rejection(toB.ask({}, { timeoutMs: 10 }), 'ASK_TIMEOUT');
  toB.send({});
  await t.clock.advance(10);
  await late;
  first.open();
  second.open();
  await turn();
  assert.deepEqual(seen, [true, false, undefined, undefined]);
  await t.land();
});

test('M5: each message of a batch can tell it', async () => {
  const seen: (boolean | undefined)[] = [];
  const { t, toB } = await asking({
    onMsgs: (batch) => {
      for (const mail of batch) {
        const before = mail.asker?.isWaiting;
        mail.reply(1);
        seen.push(before, mail.asker?.isWaiting);
      }
    },
  });
  const answer = toB.ask({});
  toB.send({});
  assert.equal(await answer, 1);
  assert.deepEqual(seen, [true, false, undefined, undefined]);
  await t.land();
});
