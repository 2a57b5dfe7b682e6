import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outbox } from '@sputnikjs/messaging/connector';

/** An outbox that notes what it sends, each under its payload as key, and how what it was given settles. */
class Post {
  readonly sent: string[] = [];
  readonly settled: string[] = [];
  readonly outbox: Outbox<string>;

  /** `during` is called while a message is being sent. */
  constructor(window: number, during: (payload: string, post: Post) => void = () => {}) {
    this.outbox = new Outbox(window, ({ payload }) => {
      const key = String(payload);
      during(key, this);
      this.sent.push(key);
      return key;
    });
  }

  async produce(payload: string): Promise<void> {
    try {
      await this.outbox.produce({ target: 'a', payload });
      this.settled.push(payload);
    } catch (error) {
      this.settled.push(`${payload}: ${(error as Error).message}`);
    }
  }

  produceAll(...payloads: readonly string[]): void {
    for (const payload of payloads) void this.produce(payload);
  }
}

/** Resolves when all that is settled has been passed on. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('no more than the window is under way, and the others go out in the order of the calls', async () => {
  const [post, most] = [new Post(3), [] as number[]];
  const all = Array.from({ length: 100 }, (_, n) => `${n}`);
  post.produceAll(...all);
  for (const [n, key] of all.entries()) {
    most.push(post.sent.length - n);
    assert.equal(post.outbox.settle(key), true);
  }
  assert.deepEqual(new Set(most), new Set([3, 2, 1]));
  assert.deepEqual(post.sent, all);
  await turn();
  assert.deepEqual(post.settled, all);
});

test('messages settle as the server answers, in whatever order, each once', async () => {
  const post = new Post(3);
  post.produceAll('a', 'b', 'c');
  assert.equal(post.outbox.settle('nobody'), false);
  assert.equal(post.outbox.settle('c'), true);
  assert.equal(post.outbox.settle('a', new Error('refused')), true);
  for (const key of ['a', 'c']) assert.equal(post.outbox.settle(key, new Error('again')), false);
  await turn();
  assert.deepEqual(post.settled, ['c', 'a: refused']);
  // a key is free again once it is settled
  post.produceAll('a');
  for (const key of ['a', 'b']) assert.equal(post.outbox.settle(key), true);
  await turn();
  assert.deepEqual(post.settled, ['c', 'a: refused', 'a', 'b']);
});

test('a message that cannot be sent fails alone, in its turn, and takes no place', async () => {
  const post = new Post(1, (payload) => {
    if (payload.startsWith('bad')) throw new Error('cannot be sent');
  });
  post.produceAll('bad 1', 'a', 'bad 2', 'bad 3', 'b');
  await turn();
  assert.deepEqual([post.sent, post.settled], [['a'], ['bad 1: cannot be sent']]);
  post.outbox.settle('a');
  await turn();
  assert.deepEqual(post.sent, ['a', 'b']);
  assert.deepEqual(post.settled.slice(1), ['a', 'bad 2: cannot be sent', 'bad 3: cannot be sent']);
});

test('the end rejects what is sent, what waits and what is yet to come, for the first reason', async () => {
  const post = new Post(2);
  post.produceAll('a', 'b', 'c', 'd');
  post.outbox.settle('a');
  post.outbox.end(new Error('lost'));
  post.outbox.end(new Error('lost again'));
  post.produceAll('e');
  for (const key of ['b', 'c', 'd', 'e']) assert.equal(post.outbox.settle(key), false);
  await turn();
  assert.deepEqual(post.sent, ['a', 'b', 'c']);
  assert.deepEqual(post.settled, ['a', 'b: lost', 'c: lost', 'd: lost', 'e: lost']);
});

test('those that wait can be refused, in order; what is under way goes on, and so does what comes later', async () => {
  const post = new Post(2);
  post.produceAll('1', '2', '3', '4');
  post.outbox.refuseWaiting(({ payload }) => new Error(`no room for ${String(payload)}`));
  await turn();
  assert.deepEqual(post.settled, ['3: no room for 3', '4: no room for 4']);
  post.produceAll('5');
  post.outbox.settle('1');
  post.outbox.settle('2');
  post.outbox.settle('5');
  await turn();
  assert.deepEqual(post.sent, ['1', '2', '5']);
  assert.deepEqual(post.settled.slice(2), ['1', '2', '5']);
});

test('an answer that comes while a message is being sent has the next wait until that is sent', async () => {
  const post = new Post(2, (payload, { outbox }) => {
    if (payload === 'b') assert.equal(outbox.settle('a'), true);
    if (payload === 'd') assert.equal(outbox.settle('b'), true);
    // not known by its key yet
    assert.equal(outbox.settle(payload), false);
  });
  post.produceAll('a', 'b', 'c', 'd', 'e');
  assert.deepEqual(post.sent, ['a', 'b', 'c']);
  post.outbox.settle('c');
  assert.deepEqual(post.sent, ['a', 'b', 'c', 'd', 'e']);
  await turn();
  assert.deepEqual(post.settled, ['a', 'c', 'b']);
});

test('a connection that ends while a message is being sent takes that message along', async () => {
  for (const goesOn of [true, false]) {
    const post = new Post(3, (payload, { outbox }) => {
      if (payload !== 'b') return;
      outbox.end(new Error('lost'));
      if (!goesOn) throw new Error('cannot write to a closed socket');
    });
    post.produceAll('a', 'b', 'c');
    await turn();
    assert.deepEqual(post.settled.toSorted(), ['a: lost', 'b: lost', 'c: lost']);
  }
});

test('a message that is produced while another is sent, or when another has settled, goes out after it', async () => {
  const post = new Post(10, (payload, self) => {
    if (payload === 'a') self.produceAll('during');
  });
  const then = post.produce('a').then(() => post.produce('then'));
  post.produceAll('b');
  assert.deepEqual(post.sent, ['a', 'during', 'b']);
  post.outbox.settle('a');
  await turn();
  assert.deepEqual(post.sent, ['a', 'during', 'b', 'then']);
  post.outbox.settle('then');
  await then;
  assert.deepEqual(post.settled, ['a', 'then']);
});

test('who submits while a message settles does not overtake those that wait', () => {
  const post = new Post(1);
  const submit = (payload: string, settle: () => void = () => {}): void =>
    post.outbox.submit({ message: { target: 'a', payload }, settle });
  submit('1', () => submit('3'));
  submit('2');
  for (const key of ['1', '2', '3']) assert.equal(post.outbox.settle(key), true, key);
  assert.deepEqual(post.sent, ['1', '2', '3']);
});

test('a window that lets no message through is an error at once, not a wait for ever', () => {
  for (const window of [0, -1, Number.NaN, undefined as unknown as number])
    assert.throws(() => new Outbox(window, () => 0), RangeError, `${window}`);
});
