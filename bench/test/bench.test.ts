import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { SERVER_ROWS } from '../dist/servers.js';

const program = fileURLToPath(new URL('../dist/index.js', import.meta.url));

test('the bench runs all its rows to the end and prints a figure for each', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [program, '--quick']);
  const rows = stdout.split('\n').filter((line) => / ([Mk]\/s|ms|MB) .* ([Mk]\/s|ms|MB) /.test(line));
  assert.equal(rows.length, 10 + SERVER_ROWS.length, stdout);
  assert.match(stdout, /^from its return to the first message +\d+ ms/m);
  assert.doesNotMatch(stdout, /NaN|Infinity|undefined/);
});
