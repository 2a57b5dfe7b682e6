import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Line } from '../dist/line.js';

test('first come, first served, and anybody may leave, once', () => {
  const line = new Line<number>();
  const places = [1, 2, 3, 4, 5].map((n) => line.join(n));
  const leave = (n: number): boolean => line.leave(places[n - 1] as (typeof places)[number]);
  assert.deepEqual([leave(1), leave(3), leave(5), leave(3)], [true, true, true, false]);
  assert.equal(line.size, 2);
  assert.deepEqual([line.next(), leave(2), line.next(), line.next(), line.size], [2, false, 4, undefined, 0]);
  line.join(6);
  assert.deepEqual([line.next(), line.size], [6, 0]);
});
