import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryDelay } from '../dist/reconnect.js';

test('S2: delays grow exponentially from 100 ms and stay at 10 s, for however long the server is away', () => {
  const longest = Array.from({ length: 12 }, (_, i) => retryDelay(i + 1, () => 1));
  assert.deepEqual(longest, [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000, 10_000, 10_000, 10_000]);
  assert.equal(
    retryDelay(5_000, () => 1),
    10_000,
  );
});

test('S2: the upper half of a delay is random', () => {
  assert.equal(
    retryDelay(4, () => 0),
    400,
  );
  assert.equal(
    retryDelay(4, () => 0.5),
    600,
  );
  const delays = new Set(Array.from({ length: 100 }, () => retryDelay(8)));
  assert.ok(delays.size > 50, 'satellites do not return all at once');
  for (const delay of delays) assert.ok(delay >= 5_000 && delay <= 10_000);
});
