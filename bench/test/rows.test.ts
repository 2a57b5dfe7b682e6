import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exponentOf } from '../dist/growth.js';
import { measure } from '../dist/measure.js';
import { MESSAGE_ROWS } from '../dist/messages.js';
import { PEER_ROWS } from '../dist/peers.js';
import { SERVER_ROWS } from '../dist/servers.js';

/** RabbitMQ takes seconds to start. The bench as a whole runs among the long trials. */
const rows = [...MESSAGE_ROWS, ...PEER_ROWS, ...SERVER_ROWS].filter(({ title }) => !title.includes('RabbitMQ'));

for (const row of rows)
  test(`${row.title}: both that are compared move messages, and end`, async () => {
    const contest = await row.start();
    const { ours, baseline, ratios } = await measure(contest, { rounds: 1, sampleMs: 1, batch: 100 });
    await contest.end();
    assert.ok(ours > 0 && baseline > 0, `${ours} and ${baseline}`);
    assert.equal(ratios.length, 1);
  });

test('the exponent is 0 where all points cost the same, and 1 where twice as many cost twice as much', () => {
  const of = (cost: (at: number) => number): number => exponentOf([1, 10, 100, 5_000].map((at) => [at, cost(at)]));
  const near = (value: number, expected: number): void => assert.ok(Math.abs(value - expected) < 1e-9, `${value}`);
  near(
    of(() => 3),
    0,
  );
  near(
    of((at) => 3 * at),
    1,
  );
  near(
    of((at) => 3 / at ** 2),
    -2,
  );
});
