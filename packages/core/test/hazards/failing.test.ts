import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Program } from '../support/program.js';

const finished = ['c finished', 'b finished', 'a finished'];

for (const [where, outcome] of [
  ['run', 'BLOCK_FAILED block b, run: boom'],
  ['onMsg', 'BLOCK_FAILED block b, onMsg: boom'],
  ['connect', 'enough'],
] as const) {
  test(`a failure in ${where} does not kill the process: every block is finished, and launch tells (hazard 4)`, async (t) => {
    const { code, lines, stderr } = await new Program(t, 'failing', [where]).ended;
    assert.deepEqual(lines, [...finished, outcome]);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
  });
}
