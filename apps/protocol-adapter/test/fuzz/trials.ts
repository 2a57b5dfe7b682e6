import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzzConfigurations } from './fuzz-configurations.js';
import { fuzzServers, learn } from './fuzz-servers.js';
import { PROTOCOLS } from './servers.js';

const SEED = 18;

/** Registers a test for each kind of input, with so many random ones: more by hand, with `npm run fuzz -- COUNT SEED`. */
export function fuzzTrials(count: number): void {
  for (const protocol of PROTOCOLS)
    test(`${protocol.name}: a server that says something else than a real one ends no process, and no connector hangs`, async (t) => {
      // libraries print what a server said, as it came
      const printed = (['log', 'info', 'warn', 'error'] as const).map((name) => t.mock.method(console, name, () => {}));
      const { reached } = await fuzzServers(protocol, await learn(protocol, t), count, SEED);
      // of those that only one byte was changed for some still get through
      assert.ok((reached.get('gave them back') ?? 0) > 0, JSON.stringify([...reached]));
      for (const { mock } of printed) assert.deepEqual(mock.calls, []);
    });

  test('configuration: whatever stands in a folder, a check says what is wrong with it, line by line, and shows no secret', async (t) => {
    await fuzzConfigurations(count, SEED, t);
  });
}
