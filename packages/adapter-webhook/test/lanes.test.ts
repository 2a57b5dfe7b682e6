import assert from 'node:assert/strict';
import { test } from 'node:test';
import { array, assert as forAll, asyncProperty, boolean, integer, record, scheduler as anyOrder } from 'fast-check';
import { Lanes } from '../dist/deliver/lanes.js';

test('of one key work is done in order, one after the other; of all no more at once than may be, and never fewer than could be', async () => {
  const works = array(record({ key: integer({ min: 0, max: 4 }), fails: boolean() }), { maxLength: 40 });
  await forAll(
    asyncProperty(works, integer({ min: 1, max: 5 }), anyOrder(), async (given, most, scheduler) => {
      const lanes = new Lanes(most);
      const [running, begun, open]: [Set<number>, number[], Map<number, number>] = [new Set(), [], new Map()];
      for (const { key } of given) open.set(key, (open.get(key) ?? 0) + 1);
      const all = given.map(({ key, fails }, index) =>
        lanes.run(key, async () => {
          assert.ok(!running.has(key), 'two of one key at once');
          running.add(key);
          begun.push(index);
          assert.ok(running.size <= most);
          await scheduler.schedule(Promise.resolve());
          running.delete(key);
          open.set(key, (open.get(key) ?? 0) - 1);
          if (fails) throw new Error('as it is meant to');
        }),
      );
      const settled = Promise.allSettled(all);
      while (scheduler.count() > 0) {
        await scheduler.waitOne();
        for (let turns = 0; turns < 10; turns++) await Promise.resolve();
        const keys = [...open.values()].filter((count) => count > 0).length;
        assert.equal(running.size, Math.min(most, keys), 'a place is free');
      }
      const outcomes = (await settled).map(({ status }) => status === 'rejected');
      assert.deepEqual(
        outcomes,
        given.map(({ fails }) => fails),
      );
      for (const key of open.keys()) {
        const own = begun.filter((index) => given[index]?.key === key);
        assert.deepEqual(
          own,
          own.toSorted((a, b) => a - b),
        );
      }
    }),
    { numRuns: 300 },
  );
});
