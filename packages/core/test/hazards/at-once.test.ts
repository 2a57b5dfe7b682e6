import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Program } from '../support/program.js';

/** How many satellites: 100, and 2,000 among the long trials. */
const COUNT = Number(process.env['FLIGHTS'] ?? 1_000) / 10;

for (const [who, asks] of [
  ['block', 'the first block from its run'],
  ['block, another finisher', 'the first block from its run, with a finisher of its own'],
  ['SIGTERM', 'a real SIGTERM'],
  ['SIGTERM, another finisher', 'a real SIGTERM, with a finisher of its own'],
  ['another finisher', 'a finisher of its own from its run'],
] as const) {
  test(`a satellite that is asked to land by ${asks}, as soon as run has begun, lands in order, each time (hazards 1, 2 and 3)`, async (t) => {
    const { code, signal, lines, stderr } = await new Program(t, 'at-once', [who, `${COUNT}`]).ended;
    assert.deepEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: '' });
    assert.deepEqual(lines, [`${COUNT} of ${COUNT}`]);
  });
}
