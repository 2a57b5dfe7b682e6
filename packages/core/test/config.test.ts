import assert from 'node:assert/strict';
import { test } from 'node:test';
import { confFactory, type ConfigSource, type StandardSchemaV1 } from '@sputnikjs/core';
import { rejection } from './support/test-flight.js';

/** Fits what is an object, and gives it a default. */
const schema: StandardSchemaV1<unknown, { port: number }> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: async (value) =>
      typeof value === 'object' && value !== null
        ? { value: { port: 80, ...value } }
        : { issues: [{ message: 'must be an object' }] },
  },
};

test('a configuration is what the schema makes of the raw value, be source and schema asynchronous or not', async () => {
  const sources: ConfigSource[] = [() => ({ port: 1 }), async () => ({ port: 1 })];
  for (const source of sources) assert.deepEqual(await confFactory(source)('a', schema), { port: 1 });
});

test('a configuration that is not there counts as empty: it fits if all keys have defaults', async () => {
  assert.deepEqual(await confFactory(() => undefined)('a', schema), { port: 80 });
});

test('a value that does not fit is refused with every problem and its place', async () => {
  const error = await rejection(confFactory(() => 'text')('a', schema), 'BAD_CONFIG');
  assert.deepEqual(error.problems, ['a: must be an object']);
  assert.equal(error.message, 'configuration "a" is not valid\n  - a: must be an object');
});

test('what the source throws comes through as it is', async () => {
  const boom = new Error('no such folder');
  const source: ConfigSource = () => {
    throw boom;
  };
  await assert.rejects(confFactory(source)('a', schema), boom);
});
