import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Mailbox } from '../dist/mailbox/mailbox.js';
import { Pacer } from '../dist/time/pacer.js';
import type { Sender } from '../dist/mailbox/question.js';
import type { BlockCommunicator, Mail, MailboxOptions } from '@sputnikjs/core';
import { type Gate, gate, randomFrom, turn } from '@sputnikjs/testkit';

/** How many random uses of each kind: 100, and 2,000 among the long trials. */
const SEEDS = Number(process.env['FLIGHTS'] ?? 1_000) / 10;

interface Bench {
  readonly mailbox: Mailbox;
  /** Numbers of the messages handed over. */
  readonly got: number[];
  readonly lost: { count: number };
  /** Handlers that have begun and not ended. */
  readonly open: Gate[];
}

const descriptor = { name: 'receiver', responsibility: 'receiver' };
const sender: Sender = { from: { descriptor } as BlockCommunicator, question: undefined };

/** Messages accepted, and neither waiting nor settled. */
function underWay({ counts: { accepted, handled, failed, dropped }, depth }: Mailbox): number {
  return accepted - handled - failed - dropped - depth;
}

function failIf(n: number): void {
  if (n % 5 === 0) throw new Error('a multiple of five');
}

/** A mailbox whose messages `{ n }` take time if n is odd, and fail if it is a multiple of five. */
function bench(options: MailboxOptions): Bench {
  const got: number[] = [];
  const lost = { count: 0 };
  const open: Gate[] = [];
  const handle = (msg: object): unknown => {
    const { n } = msg as { n: number };
    got.push(n);
    if (n % 2 === 1) {
      const last = gate();
      open.push(last);
      return last.passed.then(() => failIf(n));
    }
    return failIf(n);
  };
  const recipient = {
    descriptor,
    handle,
    failed: () => true,
    unweighable: assert.fail,
    dropped: (count: number) => void (lost.count += count),
  };
  return { mailbox: new Mailbox(recipient, new Pacer(), options), got, lost, open };
}

/** Random use of a mailbox, compared with what it has to be. */
async function check(seed: number): Promise<void> {
  const random = randomFrom(seed);
  const pick = (most: number): number => 1 + Math.floor(random() * most);
  const options = {
    capacity: pick(8),
    concurrency: pick(3),
    whenFull: random() < 0.5 ? 'reject' : 'drop-oldest',
  } as const;
  const { mailbox, got, lost, open } = bench(options);
  const hint = `seed ${seed}, ${JSON.stringify(options)}`;
  let accepted = 0;
  let rejected = 0;
  const posts: Promise<unknown>[] = [];
  const opensAt = pick(20);
  for (let n = 0; n < 200; n++) {
    if (n === opensAt) mailbox.open();
    const dice = random();
    if (dice < 0.5) {
      const taken = mailbox.offer({ n }, sender);
      if (taken) accepted++;
      else rejected++;
      assert.ok(taken || options.whenFull === 'reject', hint);
    } else if (dice < 0.7) {
      posts.push(mailbox.post({ n }, sender, undefined).then((letIn) => void (letIn ? accepted++ : rejected++)));
    } else if (dice < 0.9) open.splice(Math.floor(random() * open.length), 1)[0]?.open();
    else await turn();
    assert.ok(mailbox.depth <= options.capacity, hint);
    // A handler that was let go on may not have been noticed yet.
    assert.ok(open.length <= underWay(mailbox) && underWay(mailbox) <= options.concurrency, hint);
  }
  const idle = mailbox.idle().then(() => assert.ok(mailbox.isIdle, hint));
  while (!mailbox.isIdle) {
    open.shift()?.open();
    await turn();
  }
  await idle;
  await Promise.all(posts);
  assert.equal(mailbox.counts.accepted, accepted, hint);
  assert.equal(mailbox.counts.rejected, rejected, hint);
  assert.equal(lost.count, mailbox.counts.dropped, hint);
  assert.equal(got.length, mailbox.counts.handled + mailbox.counts.failed, hint);
  assert.deepEqual(
    got,
    got.toSorted((a, b) => a - b),
    `in order of acceptance, ${hint}`,
  );
}

test('M1, M3, M4: whatever is sent, posted and handled in whatever order, bounds, order and counts hold', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) await check(seed);
});

/** What the mailbox of a random test holds, as an observer sees it. */
class Held {
  readonly weights = new Map<object, number>();
  waiting = 0;

  get sum(): number {
    return [...this.weights.values()].reduce((all, weight) => all + weight, 0);
  }

  accepted(msg: object): void {
    this.weights.set(msg, weigh(msg));
    this.waiting++;
  }

  begun(): void {
    this.waiting--;
  }

  settled(msg: object, _to: unknown, how: string): void {
    this.weights.delete(msg);
    if (how === 'dropped') this.waiting--;
  }
}

const weigh = (msg: object): number => (msg as { weight: number }).weight;

/** Random use of a mailbox of messages that weigh something, compared with what it has to be. */
async function checkWeights(seed: number): Promise<void> {
  const random = randomFrom(seed);
  const pick = (most: number): number => 1 + Math.floor(random() * most);
  const options = {
    capacity: pick(6),
    concurrency: pick(3),
    whenFull: random() < 0.6 ? 'reject' : 'drop-oldest',
    maxWeight: pick(20),
    weigh,
  } as const;
  const hint = `seed ${seed}, ${JSON.stringify(options)}`;
  const held = new Held();
  const open: Gate[] = [];
  const got: number[] = [];
  const handle = (msg: object): unknown => {
    const { n } = msg as { n: number };
    got.push(n);
    if (n % 2 === 0) return failIf(n);
    const last = gate();
    open.push(last);
    return last.passed.then(() => failIf(n));
  };
  const failed = (): boolean => true;
  const recipient = { descriptor, handle, failed, unweighable: assert.fail, dropped: () => {}, observer: held };
  const mailbox = new Mailbox(recipient, new Pacer(), options);
  /** Those that wait for room, in order. */
  const posts: { readonly weight: number; readonly abort: AbortController }[] = [];
  const isOver = (weight: number, heldNow: number): boolean => heldNow > 0 && heldNow + weight > options.maxWeight;
  const isFull = (weight: number): boolean => {
    if (options.whenFull === 'reject') return held.waiting === options.capacity || isOver(weight, held.sum);
    // What is under way leaves no room, whatever is dropped.
    const underWay = [...held.weights.values()].slice(0, held.weights.size - held.waiting);
    return isOver(
      weight,
      underWay.reduce((all, one) => all + one, 0),
    );
  };
  for (let n = 0; n < 200; n++) {
    if (n === 5) mailbox.open();
    const dice = random();
    const msg = { n, weight: random() < 0.1 ? 0 : pick(random() < 0.1 ? 40 : 8) };
    if (dice < 0.4) {
      const room = posts.length === 0 && !isFull(msg.weight);
      assert.equal(mailbox.offer(msg, sender), room, `message ${n}, ${hint}`);
    } else if (dice < 0.65) {
      const post = { weight: msg.weight, abort: new AbortController() };
      posts.push(post);
      const leaves = (): void => void posts.splice(posts.indexOf(post), 1);
      void mailbox.post(msg, sender, post.abort.signal).then(leaves, leaves);
      await turn();
    } else if (dice < 0.85) open.splice(Math.floor(random() * open.length), 1)[0]?.open();
    else if (dice < 0.9) posts[Math.floor(random() * posts.length)]?.abort.abort();
    if (dice > 0.5) {
      await turn();
      const next = posts[0];
      assert.ok(!next || isFull(next.weight), `the first that waits has no room, ${hint}`);
    }
    const heavy = [...held.weights.values()].filter((weight) => weight > 0);
    assert.ok(held.sum <= options.maxWeight || heavy.length === 1, `${held.sum} held, ${hint}`);
    assert.equal(mailbox.depth, held.waiting, hint);
    assert.ok(mailbox.depth <= options.capacity && underWay(mailbox) <= options.concurrency, hint);
  }
  while (!mailbox.isIdle) {
    open.shift()?.open();
    await turn();
  }
  assert.equal(posts.length, 0, hint);
  assert.equal(held.weights.size, 0, hint);
  assert.deepEqual(
    got,
    got.toSorted((a, b) => a - b),
    `in order of acceptance, ${hint}`,
  );
}

test('M10: whatever is sent, posted, given up and handled, weights are bounded, nobody overtakes, and nobody waits while there is room', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) await checkWeights(seed);
});

test('L2: idle is told at an instant at which there is nothing waiting, nothing under way and nobody waiting for room', async () => {
  const { mailbox, open } = bench({ capacity: 1 });
  await mailbox.idle();
  mailbox.open();
  mailbox.offer({ n: 1 }, sender);
  await turn();
  mailbox.offer({ n: 3 }, sender);
  const posted = mailbox.post({ n: 7 }, sender, undefined);
  let idle = false;
  void mailbox.idle().then(() => (idle = true));
  for (let left = 3; left > 0; left--) {
    await turn();
    assert.equal(idle, false, `${left} left`);
    open.shift()?.open();
  }
  await turn();
  assert.equal(idle, true);
  assert.equal(await posted, true);
});

test('L5: a closed mailbox hands nothing over, refuses what comes and sends away who waits', async () => {
  const { mailbox, got, lost } = bench({ capacity: 1 });
  mailbox.offer({ n: 2 }, sender);
  const posted = mailbox.post({ n: 4 }, sender, undefined);
  let idle = false;
  void mailbox.idle().then(() => (idle = true));
  mailbox.close();
  mailbox.close();
  assert.equal(await posted, false);
  assert.equal(mailbox.offer({ n: 6 }, sender), false);
  assert.equal(await mailbox.post({ n: 8 }, sender, undefined), false);
  await turn();
  assert.deepEqual(got, []);
  assert.equal(lost.count, 1);
  assert.equal(idle, true);
  assert.deepEqual(mailbox.counts, { accepted: 1, rejected: 3, handled: 0, failed: 0, dropped: 1 });
});

/** Random batches, each message of which is answered, failed, or left to the end of its call, compared with what they have to be. */
async function checkBatches(seed: number): Promise<void> {
  const random = randomFrom(seed);
  const pick = (most: number): number => 1 + Math.floor(random() * most);
  const options = { capacity: pick(40), concurrency: pick(3), batch: pick(6), weigh: () => 1, maxWeight: pick(50) };
  const hint = `seed ${seed}, ${JSON.stringify(options)}`;
  const expected = { handled: 0, failed: 0 };
  const got: number[] = [];
  const open: { readonly end: Gate; readonly fails: boolean; left: number }[] = [];
  let reported = 0;
  const handleAll = (mails: readonly Mail<object>[]): Promise<void> => {
    assert.ok(mails.length <= options.batch, hint);
    got.push(...mails.map(({ msg }) => (msg as { n: number }).n));
    const call = { end: gate(), fails: random() < 0.3, left: 0 };
    open.push(call);
    for (const mail of mails) {
      const dice = random();
      if (dice < 0.3) mail.reply();
      else if (dice < 0.5) mail.fail(new Error('it fails'));
      else call.left++;
      if (dice < 0.3) expected.handled++;
      else if (dice < 0.5) expected.failed++;
      // The first outcome counts.
      if (dice < 0.5) [(): void => mail.fail(new Error('late')), (): void => mail.reply()].forEach((again) => again());
    }
    return call.end.passed.then(() => {
      expected[call.fails ? 'failed' : 'handled'] += call.left;
      if (call.fails) throw new Error('all of it fails');
    });
  };
  const failed = ({ msgs }: { msgs: readonly object[] }): boolean => ((reported += msgs.length), true);
  const recipient = { descriptor, handleAll, failed, unweighable: assert.fail, dropped: () => {} };
  const mailbox = new Mailbox(recipient, new Pacer(), options);
  mailbox.open();
  const sent: number[] = [];
  for (let n = 0; n < 150 || !mailbox.isIdle; n++) {
    const dice = random();
    if (n < 150 && dice < 0.6) {
      if (mailbox.offer({ n }, sender)) sent.push(n);
    } else if (dice < 0.8) open.shift()?.end.open();
    else await turn();
    assert.ok(open.length <= options.concurrency, hint);
    const unanswered = open.reduce((all, { left }) => all + left, 0);
    assert.ok(unanswered <= underWay(mailbox) && underWay(mailbox) <= options.batch * options.concurrency, hint);
  }
  await turn();
  assert.deepEqual(got, sent, hint);
  const { handled, failed: failures } = mailbox.counts;
  assert.deepEqual({ handled, failed: failures }, expected, hint);
  assert.equal(reported, failures, hint);
}

test('M8: random batches come in order, each message has one outcome, and all are counted', async () => {
  for (let seed = 1; seed <= SEEDS; seed++) await checkBatches(seed);
});

test('L4: a batch that ends after it was given up counts no more, and leaves the mailbox idle', async () => {
  const last = gate();
  let dropped = 0;
  const recipient = {
    descriptor,
    handleAll: () => last.passed,
    failed: () => true,
    unweighable: assert.fail,
    dropped: (count: number) => void (dropped += count),
  };
  const mailbox = new Mailbox(recipient, new Pacer());
  mailbox.open();
  mailbox.offer({ n: 1 }, sender);
  await turn();
  mailbox.abandon();
  assert.deepEqual([dropped, mailbox.isIdle], [1, true]);
  last.open();
  await turn();
  assert.deepEqual(mailbox.counts, { accepted: 1, rejected: 0, handled: 0, failed: 0, dropped: 1 });
  assert.ok(mailbox.isIdle);
});
