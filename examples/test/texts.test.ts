import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { program, ROOT } from './support.js';

test('docs/texts.txt has the texts that a user can see, as they are in the sources', async (t) => {
  const check = program(t, process.execPath, join(ROOT, 'scripts', 'texts.mjs'), '--check');
  assert.equal(await check.code, 0, check.output());
});
