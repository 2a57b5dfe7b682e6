import assert from 'node:assert/strict';
import { test } from 'node:test';
import { globalFactories } from '@sputnikjs/core';
import { spool } from '@sputnikjs/spool';

test('importing the register module makes the block known by its name, and nothing else does', async () => {
  assert.deepEqual(Object.keys(globalFactories()), []);
  await import('@sputnikjs/spool/register');
  assert.deepEqual({ ...globalFactories() }, { spool });
});
