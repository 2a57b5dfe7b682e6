import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const program = fileURLToPath(new URL('../dist/index.js', import.meta.url));

test('the bench runs all its rows to the end and prints a figure for each', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [program, '--quick']);
  const rows = stdout.split('\n').filter((line) => / (M\/s|ms|MB) .* (M\/s|ms|MB) /.test(line));
  assert.equal(rows.length, 8, stdout);
  assert.doesNotMatch(stdout, /NaN|Infinity|undefined/);
});
