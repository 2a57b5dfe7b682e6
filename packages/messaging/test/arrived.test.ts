import assert from 'node:assert/strict';
import test from 'node:test';
import { arrived } from '@sputnikjs/messaging/net';

/** Something comes in each of the turns that are listed; the event loop is turned once before the next look. */
function source(...turns: readonly number[]): { readonly count: () => number; readonly looks: () => number } {
  let [count, looks] = [0, -1];
  const look = (): number => {
    looks++;
    if (turns.includes(looks)) count++;
    return count;
  };
  return { count: look, looks: () => looks };
}

test('what has come is read until nothing comes in three turns of the event loop', async () => {
  const { count, looks } = source();
  await arrived(count, 256);
  assert.equal(looks(), 3);
});

test('what comes meanwhile is waited for, and so is what comes after it', async () => {
  const { count, looks } = source(1, 2, 5);
  await arrived(count, 256);
  assert.equal(looks(), 8);
});

test('where it goes on coming, the turns are bounded', async () => {
  let count = 0;
  await arrived(() => count++, 10);
  assert.equal(count, 11);
});

test('others have their turn meanwhile', async () => {
  let turns = 0;
  const next = (): void => void (turns++ < 2 && setImmediate(next));
  setImmediate(next);
  await arrived(() => turns, 256);
  assert.equal(turns, 3);
});
