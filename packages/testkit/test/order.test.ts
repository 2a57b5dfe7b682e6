import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertOrder, assertOrderButForGaps } from '../dist/order.js';

/** Numbers from the first to the last, as payloads. */
const run = (first: number, last: number): string[] =>
  Array.from({ length: last - first + 1 }, (_, n) => `${first + n}`);
const changed = /messages have changed their order/;

test('what is sent again in order is no change of order', () => {
  const seen = [...run(0, 9), ...run(5, 14), ...run(15, 19)];
  assertOrder(seen, 20);
  assertOrderButForGaps(seen, 20, 2);
});

test('a gap in front of what was kept, both sent again after it, is one only where there may be gaps', () => {
  // RabbitMQ 3.10, killed while it wrote its journal out: 16384 was kept, the 104 before it were not
  const seen = [...run(0, 16_279), '16384', ...run(16_280, 17_000)];
  assert.throws(() => assertOrder(seen, 17_001), changed);
  assertOrderButForGaps(seen, 17_001, 2);
});

test('what is not sent again keeps its place, gaps or no gaps', () => {
  for (const seen of [
    // one that nothing follows up, in the midst of a connection and at its end
    [...run(0, 4), '6', '5', ...run(7, 9)],
    [...run(0, 4), '9', ...run(5, 8)],
    // sent again in another order, or behind what is new
    [...run(0, 6), ...run(7, 9).toReversed()],
    [...run(0, 6), ...run(8, 9), ...run(4, 7)],
    // lost
    [...run(0, 4), ...run(6, 9)],
  ]) {
    assert.throws(() => assertOrder(seen, 10), changed, seen.join());
    assert.throws(() => assertOrderButForGaps(seen, 10, 2), changed, seen.join());
  }
});

test('a connection that changes the order is found, even if the next one sends all of it again in order', () => {
  const seen = [...run(0, 4), '7', '6', '5', ...run(5, 9)];
  assert.throws(() => assertOrderButForGaps(seen, 10, 2), changed);
});
