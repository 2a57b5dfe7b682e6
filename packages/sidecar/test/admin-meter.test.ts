import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlockDescriptor } from '@sputnikjs/core';
import { BlockMeter } from '../dist/admin/block-meter.js';
import { BOUNDS, Histogram } from '../dist/admin/histogram.js';
import { Rates } from '../dist/admin/rates.js';
import { TargetCounts } from '../dist/admin/target-counts.js';
import { StandingClock } from './helpers.js';

const from: BlockDescriptor = { name: 'a', responsibility: 'a' };

test('a histogram counts by bounds, and knows what a share of all does not exceed', () => {
  const histogram = new Histogram();
  assert.equal(histogram.atMost(0.5), undefined);
  for (const seconds of [0.0001, 0.003, 0.004, 0.02, 61]) histogram.observe(seconds);
  assert.equal(histogram.count, 5);
  assert.ok(Math.abs(histogram.sum - 61.0271) < 1e-9);
  assert.deepEqual(
    BOUNDS.flatMap((bound, at) => (histogram.cumulative[at] === histogram.cumulative[at - 1] ? [] : [bound])),
    [0.0001, 0.005, 0.025],
  );
  assert.equal(histogram.cumulative.at(-1), 4);
  assert.deepEqual([histogram.atMost(0.5), histogram.atMost(0.8), histogram.atMost(1)], [0.005, 0.025, Infinity]);
});

test('a rate is the growth over the last two seconds', () => {
  const rates = new Rates();
  assert.equal(rates.of('n'), 0);
  for (let tick = 0; tick <= 20; tick++) rates.take(tick * 250, new Map([['n', tick < 10 ? 0 : (tick - 10) * 25]]));
  assert.equal(rates.of('n'), 100);
  assert.equal(rates.of('other'), 0);
});

test('waiting and handling are timed', () => {
  const time = new StandingClock();
  const meter = new BlockMeter(time.clock);
  const msg = {};
  meter.accepted(msg, from);
  time.move(300);
  meter.begun(msg);
  time.move(2_000);
  meter.settled(msg);
  assert.deepEqual([meter.waited.sum, meter.handled.sum], [0.3, 2]);
  assert.deepEqual([...meter.senders.values()], [{ count: 1 }]);
});

test('of a flood 250 messages a tick are timed, and all are counted', () => {
  const meter = new BlockMeter(new StandingClock().clock);
  const pass = (): void => {
    const msg = {};
    meter.accepted(msg, from);
    meter.begun(msg);
    meter.settled(msg);
  };
  for (let n = 0; n < 1_000; n++) pass();
  assert.equal(meter.waited.count, 250);
  meter.tick(1_000);
  for (let n = 0; n < 1_000; n++) pass();
  assert.equal(meter.waited.count, 500);
  assert.deepEqual([...meter.senders.values()], [{ count: 2_000 }]);
});

test('the age of the oldest message is known where nothing moves, also of messages that are not timed', () => {
  const time = new StandingClock();
  const meter = new BlockMeter(time.clock);
  assert.equal(meter.oldestMs(0), 0);
  // the flood of this tick has used up what may be timed
  for (let n = 0; n < 500; n++) {
    const msg = { n };
    meter.accepted(msg, from);
    meter.begun(msg);
    meter.settled(msg);
  }
  meter.accepted({ n: 500 }, from);
  assert.equal(meter.oldestMs(500), 0);
  time.move(250);
  meter.tick(501);
  time.move(60_000);
  meter.tick(501);
  assert.equal(meter.oldestMs(500), 60_000);
  assert.equal(meter.oldestMs(501), 0);
});

test('one message that is left behind while others pass is the oldest', () => {
  const time = new StandingClock();
  const meter = new BlockMeter(time.clock);
  meter.accepted({ stuck: true }, from);
  for (let n = 0; n < 10; n++) {
    time.move(1_000);
    const msg = { n };
    meter.accepted(msg, from);
    meter.begun(msg);
    meter.settled(msg);
    meter.tick(n + 2);
  }
  assert.equal(meter.oldestMs(10), 10_000);
});

test('a hundred targets are told apart, and what became of messages for the others is counted together', () => {
  const targets = new TargetCounts();
  for (let n = 0; n < 150; n++) targets.count({ target: `t${n}` }, 'accepted');
  targets.count({ target: 't3' }, 'failed');
  targets.count({ target: 't149' }, 'dropped');
  targets.count({}, 'failed');
  const counts = new Map(targets.entries());
  assert.equal(counts.size, 101);
  assert.deepEqual(counts.get('t3'), { accepted: 1, failed: 1, dropped: 0 });
  assert.deepEqual(counts.get('others'), { accepted: 50, failed: 1, dropped: 1 });
});
