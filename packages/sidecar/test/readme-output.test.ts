import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CLI } from './helpers.js';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const APP = fileURLToPath(new URL('../../../apps/protocol-adapter', import.meta.url));

/** Command lines that need no server, and no satellite that runs, and what stands under each. */
const shown = [...README.matchAll(/^ {4}\$ sputnik (.*)\n((?: {4}.*\n|\n(?= {4}))+)/gm)]
  .map(([, args = '', output = '']) => ({ args, output: output.replaceAll(/^ {4}/gm, '') }))
  .filter(({ args }) => !/--connect|--admin/.test(args));

test('the README shows outputs', () => assert.ok(shown.length >= 2));

for (const { args, output } of shown) {
  test(`the README shows what "sputnik ${args}" writes`, () => {
    const { stdout } = spawnSync(process.execPath, [CLI, ...args.split(' ')], { cwd: APP, encoding: 'utf8' });
    assert.equal(stdout.trimEnd(), output.trimEnd());
  });
}
