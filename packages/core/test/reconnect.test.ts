import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasLasted, retryDelay } from '../dist/server/reconnect.js';

test('S2: delays grow exponentially from 100 ms and stay at 10 s, for however long the server is away', () => {
  const longest = Array.from({ length: 30 }, (_, i) => retryDelay(i + 1, () => 1));
  assert.deepEqual(longest.slice(0, 4), [100, 125, 156.25, 195.3125]);
  for (const [i, delay] of longest.entries()) assert.ok(i === 0 || delay >= (longest[i - 1] ?? 0));
  assert.equal(longest.at(-1), 10_000);
  assert.equal(
    retryDelay(5_000, () => 1),
    10_000,
  );
});

test('S2: the upper half of a delay is random', () => {
  assert.equal(
    retryDelay(5_000, () => 0),
    5_000,
  );
  assert.equal(
    retryDelay(5_000, () => 0.5),
    7_500,
  );
  const delays = new Set(Array.from({ length: 100 }, () => retryDelay(5_000)));
  assert.ok(delays.size > 50, 'satellites do not return all at once');
  for (const delay of delays) assert.ok(delay >= 5_000 && delay <= 10_000);
});

test('S2: a connection lasted if it did for half a second, or for the interval of heartbeats if that is shorter', () => {
  assert.deepEqual([hasLasted(499, 5_000), hasLasted(500, 5_000)], [false, true]);
  assert.deepEqual([hasLasted(99, 100), hasLasted(100, 100)], [false, true]);
});
