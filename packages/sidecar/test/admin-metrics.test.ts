import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { defineBlock, type BlockDescriptor } from '@sputnikjs/core';
import { BlockMeter } from '../dist/admin/block-meter.js';
import { formatFor, OPEN_METRICS, PROMETHEUS, type Family } from '../dist/admin/exposition.js';
import { BOUNDS, Histogram } from '../dist/admin/histogram.js';
import { METRICS } from '../dist/admin/metrics.js';
import { Rates } from '../dist/admin/rates.js';
import { TargetCounts } from '../dist/admin/target-counts.js';
import { Watched } from './admin-helpers.js';
import { StandingClock } from './helpers.js';

const from: BlockDescriptor = { name: 'a', responsibility: 'a' };

test('the metrics pass promtool, and OpenMetrics has what it asks for', async () => {
  const sink = defineBlock({ name: 'sink', make: () => ({ onMsg() {} }) });
  const source = defineBlock({
    name: 'source',
    needs: { sink: 'sink' },
    make: (_config, to) => ({ run: async () => void (await to.sink.ask({})) }),
  });
  const blocks = [{ name: 'sink' }, { name: 'source', responsibility: 'say "so"\\\n' }];
  const satellite = await Watched.start({ blocks, blockFactories: { sink, source } });
  await satellite.runner;
  const { text } = await satellite.get('/metrics');
  const { status, stderr, error } = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
  assert.equal(error, undefined);
  assert.deepEqual([status, stderr], [0, '']);
  assert.ok(text.includes('{from="say \\"so\\"\\\\\\n",to="sink"} 1\n'), text);
  const open = await satellite.get('/metrics', {
    accept: 'application/openmetrics-text; version=1.0.0, text/plain;q=0.5',
  });
  assert.ok(open.text.endsWith('\n# EOF\n'));
  assert.match(open.text, /^# TYPE sputnik_messages counter$/m);
  assert.match(open.text, /^sputnik_messages_total\{/m);
});

test('the names of the metrics are those that docs/metrics.md lists', async () => {
  const text = await readFile(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');
  const listed = [...text.matchAll(/^\| `(sputnik_\w+)`/gm)].map(([, name]) => name);
  for (const { name } of METRICS) assert.ok(listed.includes(name), name);
});

test('counters end in _total, times are in seconds, sizes in bytes, and nothing else has such an end', () => {
  for (const { name, type } of METRICS) {
    assert.match(name, /^sputnik_[a-z][a-z0-9_]*$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
    assert.doesNotMatch(name, /_(ms|milliseconds|kb|mb|percent)(_|$)/);
  }
  assert.equal(new Set(METRICS.map(({ name }) => name)).size, METRICS.length);
});

test('which format is asked for is said by Accept', () => {
  assert.equal(formatFor(undefined), PROMETHEUS);
  assert.equal(formatFor('text/html'), PROMETHEUS);
  assert.equal(formatFor('application/openmetrics-text;version=1.0.0'), OPEN_METRICS);
});

test('a metric without values is left out, and numbers that are none are written as Prometheus has them', () => {
  const family = (values: readonly number[]): Family => ({
    name: 'x',
    help: 'back\\slash\nbreak',
    type: 'gauge',
    samples: values.map((value) => ({ labels: {}, value })),
  });
  assert.equal(PROMETHEUS.write([family([])]), '');
  assert.equal(
    PROMETHEUS.write([family([Infinity, -Infinity, NaN, 1.5])]),
    '# HELP x back\\\\slash\\nbreak\n# TYPE x gauge\nx +Inf\nx -Inf\nx NaN\nx 1.5\n',
  );
});

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
  for (let n = 0; n < 150; n++) targets.count({ target: `t${n}` }, 'handled');
  targets.count({ target: 't3' }, 'failed');
  targets.count({ target: 't149' }, 'dropped');
  targets.count({}, 'failed');
  const counts = new Map(targets.entries());
  assert.equal(counts.size, 101);
  assert.deepEqual(counts.get('t3'), { handled: 1, failed: 1, dropped: 0 });
  assert.deepEqual(counts.get('others'), { handled: 50, failed: 1, dropped: 1 });
});
