import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Program } from '../support/program.js';

/** How many flights: 1,000, and 20,000 among the long trials. */
const FLIGHTS = process.env['FLIGHTS'] ?? '1000';

test('L6: flights leave no memory, listener or timer behind (hazard 31)', async (t) => {
  const { code, lines, stderr } = await new Program(t, 'cycles', [FLIGHTS], ['--expose-gc']).ended;
  assert.equal(code, 0, stderr);
  const { grown, listeners, timers } = JSON.parse(lines[0] ?? '{}') as Record<string, number>;
  assert.ok(
    grown !== undefined && grown < 500_000,
    `${grown} bytes: what a flight leaves would be some hundred at the least`,
  );
  assert.deepEqual({ listeners, timers }, { listeners: 0, timers: 0 });
});
