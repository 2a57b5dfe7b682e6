// Random flights, and after each the rules of flight, stated one by one (properties.ts). Longer runs, and how to fly one again
// that broke a rule: million.ts. FLIGHTS and SEED in the environment change how many there are here, and which.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { flightPlan } from './arbitrary/flight.js';
import { check } from './check.js';
import { fly } from './fly.js';
import { logOf } from './log.js';
import { properties } from './properties.js';

const { FLIGHTS = '1000', SEED = '1' } = process.env;
const { flights, seen, failure } = await check(Number(FLIGHTS), { seed: Number(SEED) });

test(`no rule is broken in ${FLIGHTS} random flights, seed ${SEED}`, () => {
  assert.ok(!failure, failure?.text);
  assert.equal(flights, Number(FLIGHTS));
});

for (const property of properties) {
  test(`${property.rule}: ${property.says}`, () => {
    assert.notEqual(failure?.property, property);
    // One that never had anything to look at has shown nothing.
    if (!failure)
      assert.ok((seen.get(property) ?? 0) >= flights / 100, `it looked at ${seen.get(property)} cases only`);
  });
}

test('a flight is the same each time it is flown', async () => {
  const logs = async (plan: Parameters<typeof fly>[0]): Promise<string[]> =>
    (await fly(plan)).map(({ trace }) => logOf(trace.lines).replaceAll(/(error|pretence) \d+/g, '$1'));
  for (const plan of fc.sample(flightPlan, { numRuns: 100, seed: Number(SEED) })) {
    assert.deepEqual(await logs(plan), await logs(plan));
  }
});
