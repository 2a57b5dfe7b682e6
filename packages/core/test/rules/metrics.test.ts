import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineBlock, Sputnik } from '@sputnikjs/core';
import { gate, turn } from '@sputnikjs/testkit';
import { rejection, TestFlight } from '../support/test-flight.js';

const metric = { name: 'n_total', type: 'counter', help: 'How many.', value: 1 } as const;

test('F6: blocks give numbers from their init to the end, in the order of initialisation', async () => {
  const t = new TestFlight();
  const metrics = () => [metric];
  const flight = await t.prepare({ a: { metrics }, none: {}, b: { metrics } });
  const given = (): unknown =>
    flight.metrics().map(({ block, metrics: values }) => [block.responsibility, values.map(({ value }) => value)]);
  const all = [
    ['finisher', []],
    ['a', [1]],
    ['none', []],
    ['b', [1]],
  ];
  assert.deepEqual(given(), all);
  void flight.launch();
  assert.deepEqual(given(), all);
  await t.land();
  assert.deepEqual(given(), all);
});

test('F6: a block whose init has not ended gives no numbers', async () => {
  const opened = gate();
  let asked = 0;
  const a = defineBlock({ name: 'a', make: () => ({ init: () => opened.passed, metrics: () => (asked++, [metric]) }) });
  const { value: flight } = await new Sputnik({ appBlocks: [{ name: 'a' }], blockFactories: { a } }).assemble();
  const booted = flight.boot();
  await turn();
  assert.deepEqual([flight.metrics().at(-1)?.metrics, asked], [[], 0]);
  opened.open();
  await booted;
  assert.deepEqual(flight.metrics().at(-1)?.metrics, [metric]);
  await flight.shootDown();
});

test('F6: numbers that cannot be had are a failure, which onError may let pass', async () => {
  const broken = (): never => {
    throw new Error('no numbers');
  };
  const t = new TestFlight();
  await t.fly({ kind: { metrics: broken, onError: () => 'continue' }, other: { metrics: () => [metric] }, strict: {} });
  assert.deepEqual(
    t.flight.metrics().map(({ metrics }) => metrics.length),
    [0, 0, 1, 0],
  );
  assert.equal(t.flight.status().state, 'flying');
  await t.land();
  const strict = new TestFlight();
  await strict.fly({ strict: { metrics: broken } });
  strict.flight.metrics();
  const { callback, cause } = await rejection(strict.launched, 'BLOCK_FAILED');
  assert.deepEqual([callback, (cause as Error).message], ['metrics', 'no numbers']);
});
