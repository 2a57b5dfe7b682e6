import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreModel } from './store-model.js';

/** How many stores, and the seed of the first: `SPOOLS=1 SPOOL_SEED=17` repeats one. */
const [COUNT, SEED] = [Number(process.env['SPOOLS'] ?? 400), Number(process.env['SPOOL_SEED'] ?? 1)];

test('D3: whatever a power cut or a kill leaves at any moment, what was stored comes in order, once, and under its key', async (t) => {
  let stored = 0;
  for (let seed = SEED; seed < SEED + COUNT; seed++) {
    const model = new StoreModel(seed);
    await model.run(1 + (seed % 5)).catch((error: unknown) => {
      throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
    });
    stored += model.stored;
  }
  t.diagnostic(`${COUNT} stores, ${stored} messages`);
  assert.ok(COUNT === 1 || stored > COUNT);
});
