import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { SputnikError } from '@sputnikjs/core';
import type { ConsumedMessage } from '@sputnikjs/messaging';
import { connectionLost, Fifo, Handlers } from '@sputnikjs/messaging/connector';

const message: ConsumedMessage = { source: 'a', payload: new Uint8Array(0), redelivered: false };

/** Resolves when all that is settled has been passed on. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a queue gives back in order what it was given', () => {
  const queue = new Fifo<number>();
  let next = 0;
  for (let i = 0; i < 10_000; i++) {
    queue.push(i);
    if (i % 3 !== 0) assert.equal(queue.shift(), next++);
  }
  assert.equal(queue.first, next);
  assert.equal(queue.size, 10_000 - next);
  assert.deepEqual(
    queue.drain(),
    Array.from({ length: 10_000 - next }, (_, i) => next + i),
  );
  assert.equal(queue.shift(), undefined);
  assert.equal(queue.size, 0);
});

test('a queue keeps nothing of what was taken from it', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const queue = new Fifo<object>();
  const taken = Array.from({ length: 100 }, () => {
    queue.push({});
    return new WeakRef(queue.shift() ?? {});
  });
  const last = {};
  queue.push(last);
  // what a WeakRef was made of stays to the end of the turn
  await turn();
  collect();
  assert.equal(taken.filter((ref) => ref.deref() !== undefined).length, 0);
  assert.equal(queue.shift(), last);
});

test('a message is done when its handler has resolved, and with the error when it rejects or throws', async () => {
  const failure = new Error('not now');
  for (const [handler, expected] of [
    [async () => {}, undefined],
    [() => Promise.reject(failure), failure],
    [
      () => {
        throw failure;
      },
      failure,
    ],
    [() => Promise.reject(null), new Error('the handler rejected')],
  ] as readonly (readonly [() => Promise<void>, Error | undefined])[]) {
    const told: unknown[] = [];
    const handlers = new Handlers(handler);
    await handlers.handle(message, (error) => void told.push(error));
    assert.deepEqual(told, [expected]);
    assert.equal(handlers.underWay, 0);
  }
});

test('handlers are idle when each message is handled and done, and not before', async () => {
  const steps: string[] = [];
  const ways: (() => void)[] = [];
  const handlers = new Handlers(() => new Promise((resolve) => ways.push(resolve)));
  await handlers.idle();
  const all = ['first', 'second'].map((name) =>
    handlers.handle(message, async () => {
      steps.push(`${name} is handled`);
      await turn();
      steps.push(`${name} is done`);
    }),
  );
  assert.equal(handlers.underWay, 2);
  const idle = [handlers.idle(), handlers.idle()].map(async (promise) => {
    await promise;
    steps.push('idle');
  });
  ways[1]?.();
  await all[1];
  assert.equal(handlers.underWay, 1);
  ways[0]?.();
  await Promise.all([...all, ...idle]);
  assert.deepEqual(steps, ['second is handled', 'second is done', 'first is handled', 'first is done', 'idle', 'idle']);
  assert.equal(handlers.underWay, 0);
});

test('an acknowledgement that fails ends nothing but its message, and is no unhandled rejection', async () => {
  for (const handler of [async () => {}, () => Promise.reject(new Error('not now'))]) {
    const handlers = new Handlers(handler);
    // nobody waits for these: a rejection would end the process
    void handlers.handle(message, () => Promise.reject(new Error('the connection is lost')));
    void handlers.handle(message, () => {
      throw new Error('the connection is lost');
    });
    assert.equal(handlers.underWay, 2);
    await handlers.idle();
    await turn();
    assert.equal(handlers.underWay, 0);
  }
});

test('a lost connection has its code, its cause, and says where', () => {
  const cause = new Error('read ECONNRESET');
  const error = connectionLost('mqtt://127.0.0.1:1883', cause);
  assert.ok(error instanceof SputnikError);
  assert.deepEqual([error.code, error.cause], ['CONNECTION_LOST', cause]);
  assert.equal(error.message, 'the connection to mqtt://127.0.0.1:1883 is lost: read ECONNRESET');
});
