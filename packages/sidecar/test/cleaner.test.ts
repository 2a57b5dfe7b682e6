import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cleaner } from '@sputnikjs/sidecar';

test('what was acquired last is released first, one after the other', async () => {
  const cleaner = new Cleaner();
  const seen: string[] = [];
  for (const name of ['a', 'b', 'c']) {
    cleaner.push(async () => {
      seen.push(`${name}…`);
      await new Promise((resolve) => setImmediate(resolve));
      seen.push(name);
    });
  }
  await cleaner.clean();
  assert.deepEqual(seen, ['c…', 'c', 'b…', 'b', 'a…', 'a']);
});

test('one that fails does not keep the others from running, and all errors are told', async () => {
  const cleaner = new Cleaner();
  const seen: string[] = [];
  const [first, second] = [new Error('first'), new Error('second')];
  cleaner.push(() => seen.push('a'));
  cleaner.push(() => Promise.reject(first));
  cleaner.push(() => seen.push('b'));
  cleaner.push(() => {
    throw second;
  });
  await assert.rejects(
    cleaner.clean(),
    (error: unknown) => error instanceof AggregateError && error.errors[0] === second && error.errors[1] === first,
  );
  assert.deepEqual(seen, ['b', 'a']);
});

test('each runs once, also those that are pushed while cleaning', async () => {
  const cleaner = new Cleaner();
  const seen: string[] = [];
  cleaner.push(() => {
    seen.push('a');
    cleaner.push(() => seen.push('late'));
  });
  await cleaner[Symbol.asyncDispose]();
  await cleaner.clean();
  assert.deepEqual(seen, ['a', 'late']);
});
