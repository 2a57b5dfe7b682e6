import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { systemClock } from '@sputnikjs/core';
import { settles } from '../dist/time/clock.js';
import { gate, manualClock, never, turn } from '@sputnikjs/testkit';

test('sleep resolves after its time, not before', async () => {
  const clock = manualClock();
  let woke = false;
  void clock.sleep(100).then(() => (woke = true));
  await clock.advance(99);
  assert.equal(woke, false);
  await clock.advance(1);
  assert.equal(woke, true);
});

test('sleep resolves at once when its signal aborts, or has aborted, and leaves neither timer nor listener', async () => {
  const clock = manualClock();
  const abort = new AbortController();
  const sleeping = clock.sleep(100, abort.signal);
  assert.equal(clock.pending, 1);
  abort.abort();
  await sleeping;
  assert.equal(clock.pending, 0);
  await clock.sleep(100, abort.signal);
  assert.equal(clock.pending, 0);
  const { signal } = new AbortController();
  const ending = clock.sleep(100, signal);
  assert.equal(getEventListeners(signal, 'abort').length, 1);
  await clock.advance(100);
  await ending;
  assert.deepEqual(getEventListeners(signal, 'abort'), []);
});

test('every ticks each interval from the first on, until its signal aborts', async () => {
  const clock = manualClock();
  const abort = new AbortController();
  const ticks: number[] = [];
  const loop = (async () => {
    for await (const _ of clock.every(100, abort.signal)) ticks.push(clock.now());
  })();
  await clock.advance(350);
  assert.deepEqual(ticks, [100, 200, 300]);
  abort.abort();
  await loop;
  assert.equal(clock.pending, 0);
});

test('every skips ticks, not time, when the loop body is slow', async () => {
  const clock = manualClock();
  const abort = new AbortController();
  const ticks: number[] = [];
  const loop = (async () => {
    for await (const _ of clock.every(100, abort.signal)) {
      ticks.push(clock.now());
      if (ticks.length === 1) await clock.sleep(250);
    }
  })();
  await clock.advance(600);
  assert.deepEqual(ticks.slice(0, 3), [100, 350, 450], 'late once, and no burst to catch up');
  abort.abort();
  await loop;
});

test('settles tells whether work settles in time, rejects for no reason, and leaves no timer', async () => {
  const clock = manualClock();
  const late = settles(clock, never, 100);
  assert.equal(await settles(clock, Promise.resolve(1), 100), true);
  assert.equal(await settles(clock, Promise.reject(new Error('boom')), 100), true);
  assert.equal(clock.pending, 1);
  await clock.advance(100);
  assert.equal(await late, false);
  const after = gate();
  const tooLate = settles(clock, after.passed, 10);
  await clock.advance(10);
  after.fail(new Error('boom'));
  assert.equal(await tooLate, false);
});

test('the system clock goes on, and its timers can be cancelled', async () => {
  const began = systemClock.now();
  let fired = false;
  systemClock.after(1, () => (fired = true))();
  await systemClock.sleep(2);
  await turn();
  assert.equal(fired, false);
  assert.ok(systemClock.now() > began);
});

test('the system clock takes any wait: one of months is long, and Node warns of nothing', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on('warning', note);
  const cancel = systemClock.after(2 ** 40, () => {});
  await turn();
  cancel();
  process.off('warning', note);
  assert.deepEqual(warnings, []);
});

test('the manual clock fires timers in the order in which they fall due, and what follows from one before the next', async () => {
  const clock = manualClock();
  const fired: string[] = [];
  const at = (ms: number, name: string): void => void clock.after(ms, () => fired.push(`${name} at ${clock.now()}`));
  at(20, 'c');
  at(10, 'a');
  at(10, 'b');
  void clock.sleep(10).then(() => at(5, 'follows'));
  await clock.advance(30);
  assert.deepEqual(fired, ['a at 10', 'b at 10', 'follows at 15', 'c at 20']);
  assert.equal(clock.now(), 30);
});
