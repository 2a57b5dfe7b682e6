import assert from 'node:assert/strict';
import { test } from 'node:test';
import { finishMsg, type BlockCommunicator, type Msg } from '@sputnikjs/core';
import { type Gate, TestServer, gate, never, turn } from '@sputnikjs/testkit';
import { rejection, TestFlight, until } from '../support/test-flight.js';

/** A handle on `b` that belongs to `a`. */
function aToB(t: TestFlight): BlockCommunicator {
  const handle = t.self('a').communicator('b');
  assert.ok(handle);
  return handle;
}

/** Sends back one less, until there is nothing left. */
function countDown({ n }: { n: number }, from: BlockCommunicator): void {
  if (n > 0) from.send({ n: n - 1 });
}

test('M1: messages of a sender arrive in the order they were sent, with several senders too', async () => {
  const got: Record<string, number[]> = { a: [], c: [] };
  const t = new TestFlight();
  await t.fly({ a: {}, b: { onMsg: ({ n }, from) => void got[from.descriptor.name]?.push(n) }, c: {} });
  const senders = [aToB(t), t.self('c').communicator('b')];
  for (let n = 0; n < 1_000; n++) for (const sender of senders) sender?.send({ n });
  await until(() => t.status('b').handled === 2_000);
  const inOrder = Array.from({ length: 1_000 }, (_, n) => n);
  assert.deepEqual(got, { a: inOrder, c: inOrder });
});

test('M1: onMsg never runs inside send, be it sent from an onMsg or from elsewhere', async () => {
  const t = new TestFlight();
  const onMsg = ({ n }: { n: number }): void => {
    if (n > 1) aToB(t).send({ n: n - 1 });
    t.log.push(`sent from ${n}`);
  };
  await t.fly({ a: {}, b: { onMsg } });
  t.takeLog();
  aToB(t).send({ n: 3 });
  t.log.push('sent');
  await turn();
  const each = [3, 2, 1].flatMap((n) => [`b.onMsg ${n}`, `sent from ${n}`]);
  assert.deepEqual(t.log, ['sent', ...each]);
});

test('M1: the onMsg of another block does not run inside send either', async () => {
  const t = new TestFlight();
  const onMsg = (_: unknown, from: BlockCommunicator): void => {
    from.send({ n: 2 });
    t.log.push('answered');
  };
  await t.fly({ a: { onMsg() {} }, b: { onMsg } });
  aToB(t).send({ n: 1 });
  await turn();
  assert.deepEqual(t.log.slice(-3), ['b.onMsg 1', 'answered', 'a.onMsg 2']);
});

test('M1: one onMsg is under way at a time unless the block allows more, and then never more than that (hazard 20)', async () => {
  for (const concurrency of [undefined, 3]) {
    const open: Gate[] = [];
    const t = new TestFlight();
    const onMsg = (): Promise<void> => {
      const last = gate();
      open.push(last);
      return last.passed;
    };
    await t.fly({ a: {}, b: { onMsg, mailbox: { concurrency } } });
    for (let n = 0; n < 5; n++) aToB(t).send({ n });
    await turn();
    const most = concurrency ?? 1;
    assert.equal(open.length, most);
    assert.equal(t.status('b').depth, 5 - most);
    for (let done = 0; done < 5; done++) {
      assert.equal(open.length, Math.min(5, done + most));
      open[done]?.open();
      await turn();
    }
    assert.equal(t.status('b').handled, 5);
  }
});

test('M1: lanes are independent: a run and a server callback that never end keep no message waiting', async () => {
  const t = new TestFlight({ connector: new TestServer() });
  await t.fly({ a: { run: () => never, onServerConnect: () => never, onMsg() {} } });
  t.self('a').send({ n: 1 });
  await turn();
  assert.deepEqual(t.log.slice(2), ['a.run', 'a.onServerConnect c1', 'a.onMsg 1']);
  const landing = t.land();
  await t.clock.advance(25_000);
  await landing;
});

test('M1: a message that never ends keeps no server callback waiting', async () => {
  const server = new TestServer();
  const t = new TestFlight({ connector: server });
  await t.fly({ a: { onMsg: () => never, onServerConnect() {}, onServerDisconnect() {} } });
  t.self('a').send({ n: 1 });
  await turn();
  server.drop();
  await turn();
  assert.deepEqual(t.log.slice(-2), ['a.onMsg 1', 'a.onServerDisconnect']);
});

test('M1: blocks may send to themselves and to each other from onMsg; nothing deadlocks', async () => {
  const t = new TestFlight();
  await t.fly({ a: { onMsg: countDown }, b: { onMsg: countDown } });
  t.self('a').send({ n: 4 });
  aToB(t).send({ n: 4 });
  await until(() => t.log.filter((line) => line.endsWith('onMsg 0')).length === 2);
});

test('M1: a message is passed by reference, and `from` is a handle on its sender', async () => {
  let got: unknown[] = [];
  const t = new TestFlight();
  await t.fly({ a: { onMsg() {} }, b: { onMsg: (...args) => void (got = args) } });
  const msg = { n: 1 };
  aToB(t).send(msg);
  await turn();
  const [received, from, context] = got as [Msg, BlockCommunicator, unknown];
  assert.equal(received, msg);
  assert.deepEqual(from.descriptor, { name: 'a', responsibility: 'a' });
  assert.equal(context, t.context('b'));
  assert.equal(from.send({ n: 2 }), true);
  await turn();
  assert.equal(t.log.at(-1), 'a.onMsg 2');
});

test('a communicator finds blocks by responsibility, always the same handle on the same block', async () => {
  const t = new TestFlight();
  await t.fly({ a: {}, b: { onMsg() {} } });
  assert.equal(t.self('a').communicator('nobody'), undefined);
  assert.equal(t.self('a').communicator('toString'), undefined);
  assert.equal(aToB(t), aToB(t));
  assert.equal(aToB(t).communicator('a'), t.self('a'), 'found from any handle of the block');
  assert.deepEqual(aToB(t).descriptor, { name: 'b', responsibility: 'b' });
});

/** What callers without types may send. */
const noMessages = [null, undefined, 'text', 7, true] as unknown as Msg[];

test('M2: send never throws, and is false for null and whatever else is no object', async () => {
  const t = new TestFlight();
  await t.fly({ a: {}, b: { onMsg() {} } });
  for (const nothing of noMessages) {
    assert.equal(aToB(t).send(nothing), false);
    assert.equal(await aToB(t).post(nothing), false);
    await rejection(aToB(t).ask(nothing), 'ASK_REFUSED');
  }
  assert.equal(t.status('b').accepted, 0);
});

test('M2: send is false for a block without onMsg', async () => {
  const t = new TestFlight();
  await t.fly({ a: {}, b: {} });
  assert.equal(aToB(t).send({}), false);
});

test('M2: send is false for a finished block, be it an application block or the initiator (hazard 27)', async () => {
  const t = new TestFlight();
  await t.fly({ a: {}, b: { onMsg() {} } });
  const [toB, initiator] = [aToB(t), t.self('a').communicator('initiator')];
  await t.land();
  assert.equal(toB.send({}), false);
  assert.equal(initiator?.send(finishMsg()), false);
  assert.equal(t.status('b').rejected, 1);
});

test('M2: what cannot be answered truly is not: a send to a block that is being finished is false', async () => {
  const answers: unknown[] = [];
  const t = new TestFlight();
  await t.fly({
    a: { finish: () => void answers.push(aToB(t).send({ n: 'too late' })) },
    b: { onMsg() {}, finish: () => void answers.push(t.self('b').send({ n: 'too late' })) },
  });
  await t.land();
  assert.deepEqual(answers, [false, false]);
});

test('M3: a mailbox takes 65,536 messages unless configured, and refuses the next', async () => {
  const t = new TestFlight();
  await t.fly({ a: {}, b: { onMsg: () => never } });
  const toB = aToB(t);
  toB.send({});
  await turn();
  let accepted = 0;
  while (toB.send({})) accepted++;
  assert.equal(accepted, 65_536);
  assert.equal(t.status('b').depth, 65_536);
});

test('M3: a full mailbox rejects by default: the sender knows, nothing is dropped', async () => {
  const opened = gate();
  const t = new TestFlight();
  await t.fly({ a: {}, b: { onMsg: () => opened.passed, mailbox: { capacity: 2 } } });
  assert.deepEqual([t.status('a').capacity, t.status('b').capacity], [0, 2]);
  const toB = aToB(t);
  toB.send({ n: 0 });
  await turn();
  assert.deepEqual(
    [1, 2, 3, 4].map((n) => toB.send({ n })),
    [true, true, false, false],
  );
  const { accepted, rejected, dropped, depth } = t.status('b');
  assert.deepEqual({ accepted, rejected, dropped, depth }, { accepted: 3, rejected: 2, dropped: 0, depth: 2 });
  opened.open();
  const report = await t.land();
  assert.deepEqual(
    t.log.filter((line) => line.includes('onMsg')),
    ['b.onMsg 0', 'b.onMsg 1', 'b.onMsg 2'],
  );
  assert.equal(report.clean, true, 'rejected is not lost');
});

test('M3: a full mailbox that drops its oldest message counts, tells and reports it', async () => {
  const opened = gate();
  const t = new TestFlight();
  await t.fly({ a: {}, b: { onMsg: () => opened.passed, mailbox: { capacity: 2, whenFull: 'drop-oldest' } } });
  const toB = aToB(t);
  toB.send({ n: 0 });
  await turn();
  assert.deepEqual(
    [1, 2, 3].map((n) => toB.send({ n })),
    [true, true, true],
  );
  assert.equal(await toB.post({ n: 4 }), true, 'a post need not wait');
  const { accepted, rejected, dropped, depth } = t.status('b');
  assert.deepEqual({ accepted, rejected, dropped, depth }, { accepted: 5, rejected: 0, dropped: 2, depth: 2 });
  opened.open();
  const report = await t.land();
  assert.deepEqual(
    t.log.filter((line) => line.includes('onMsg')),
    ['b.onMsg 0', 'b.onMsg 3', 'b.onMsg 4'],
  );
  const block = { name: 'b', responsibility: 'b' };
  assert.deepEqual(report.dropped, [{ block, count: 2 }]);
  assert.equal(report.clean, false);
  assert.equal(
    t.eventsOf('dropped').reduce((sum, { count }) => sum + count, 0),
    2,
  );
  assert.deepEqual(t.eventsOf('dropped')[0]?.block, block);
});

test('M3: the counts of a block add up at every moment', async () => {
  const open: Gate[] = [];
  const t = new TestFlight();
  const onMsg = ({ n }: { n: number }): Promise<void> | void => {
    if (n % 3 === 0) return;
    if (n % 3 === 1) throw new Error('every third');
    const last = gate();
    open.push(last);
    return last.passed;
  };
  const mailbox = { capacity: 8, concurrency: 2, whenFull: 'drop-oldest' } as const;
  await t.fly({ a: {}, b: { onMsg, mailbox, onError: () => 'continue' } });
  for (let n = 0; n < 100; n++) {
    aToB(t).send({ n });
    if (n % 10 === 0) await turn();
    if (n % 20 === 0) open.shift()?.open();
    const { accepted, handled, failed, dropped, depth } = t.status('b');
    const underWay = accepted - handled - failed - dropped - depth;
    assert.ok(underWay >= 0 && underWay <= 2, `${underWay} under way`);
    assert.equal(accepted, n + 1);
  }
  while (t.status('b').depth > 0 || open.length > 0) {
    open.shift()?.open();
    await turn();
  }
  const { accepted, handled, failed, dropped } = t.status('b');
  assert.equal(accepted, handled + failed + dropped);
  assert.ok(handled > 0 && failed > 0 && dropped > 0);
});
