import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { blocksOf, folder, program, ROOT } from './support.js';

const [list, code, output, ...others] = blocksOf('docs/composition.md');

test('the list of docs/composition.md, and of the README, is that of the demo', () => {
  const demo = JSON.parse(readFileSync(join(ROOT, 'apps/protocol-adapter/conf/demo/blocks.json'), 'utf8')) as unknown;
  assert.deepEqual(JSON.parse(list?.text ?? ''), demo);
  const [, ofReadme] = blocksOf('README.md').filter(({ language }) => language === 'json');
  assert.deepEqual(JSON.parse(ofReadme?.text ?? ''), demo);
});

test('the code of docs/composition.md prints what stands below it', async (t) => {
  assert.deepEqual([code?.language, output?.language, others], ['js', 'text', []]);
  const run = program(t, process.execPath, join(folder(t, { 'nested.mjs': code?.text ?? '' }), 'nested.mjs'));
  assert.equal(await run.code, 0, run.output());
  assert.equal(run.output(), output?.text);
});
