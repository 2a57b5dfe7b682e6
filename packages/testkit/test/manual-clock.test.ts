import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manualClock } from '@sputnikjs/testkit';

test('timers fire in order of their time, the elder of two first, and each sees its own', async () => {
  const clock = manualClock();
  const fired: string[] = [];
  for (const [name, ms] of [
    ['c', 30],
    ['a', 10],
    ['b', 10],
  ] as const)
    clock.after(ms, () => void fired.push(`${name}${clock.now()}`));
  const cancel = clock.after(20, () => void fired.push('cancelled'));
  cancel();
  await clock.advance(29);
  assert.deepEqual([fired, clock.now(), clock.pending], [['a10', 'b10'], 29, 1]);
  await clock.advance(1);
  assert.deepEqual([fired, clock.now(), clock.pending], [['a10', 'b10', 'c30'], 30, 0]);
});

test('what follows from a timer has happened before the next fires', async () => {
  const clock = manualClock();
  const seen: number[] = [];
  void (async () => {
    for (let i = 0; i < 3; i++) {
      await clock.sleep(10);
      seen.push(clock.now());
    }
  })();
  await clock.advance(100);
  assert.deepEqual(seen, [10, 20, 30]);
});

test('of two that move the clock at once the one that goes furthest counts, and time never goes back', async () => {
  const clock = manualClock();
  const seen: number[] = [];
  for (let at = 100; at <= 1_000; at += 100) clock.after(at, () => void seen.push(clock.now()));
  const look = (): void => void seen.push(clock.now());
  await Promise.all([1_000, 50, 250].map((ms) => clock.advance(ms).then(look)));
  assert.equal(clock.now(), 1_000);
  assert.deepEqual(
    seen,
    seen.toSorted((a, b) => a - b),
  );
  assert.equal(seen.length, 13);
});
