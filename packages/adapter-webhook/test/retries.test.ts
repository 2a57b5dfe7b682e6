import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askedDelay, retryDelay } from '../dist/deliver/retries.js';
import { verdictOf } from '../dist/deliver/verdict.js';

test('delays double from a second to five minutes, and the upper half of each is random', () => {
  const delays = (random: number): number[] =>
    [1, 2, 3, 9, 10, 50, 5_000].map((n) => retryDelay(n, () => random) / 1_000);
  assert.deepEqual(delays(1), [1, 2, 4, 256, 300, 300, 300]);
  assert.deepEqual(delays(0), [0.5, 1, 2, 128, 150, 150, 150]);
});

test('Retry-After is seconds or a date; a receiver cannot ask for more than an hour, or for the past', () => {
  const now = Date.parse('2026-11-30T12:00:00Z');
  const cases: readonly (readonly [string | undefined, number])[] = [
    [undefined, 0],
    ['', 0],
    ['0', 0],
    [' 7 ', 7_000],
    ['Mon, 30 Nov 2026 12:00:30 GMT', 30_000],
    ['Mon, 30 Nov 2026 11:00:00 GMT', 0],
    ['99999999999999999999', 3_600_000],
    ['Mon, 30 Nov 2099 11:00:00 GMT', 3_600_000],
    ['soon', 0],
    ['-5', 0],
    ['1.5', 0],
  ];
  for (const [text, ms] of cases) assert.equal(askedDelay(text, now), ms, text);
});

test('2xx accepts; 4xx gives up but for 408, 425 and 429; all else is tried again', () => {
  const of = (verdict: string): number[] =>
    [
      200, 201, 204, 299, 301, 302, 307, 308, 400, 401, 404, 408, 410, 413, 425, 429, 499, 500, 502, 503, 504, 599,
    ].filter((status) => verdictOf({ status }) === verdict);
  assert.deepEqual(of('accepted'), [200, 201, 204, 299]);
  assert.deepEqual(of('giveUp'), [400, 401, 404, 410, 413, 499]);
  assert.deepEqual(of('retry'), [301, 302, 307, 308, 408, 425, 429, 500, 502, 503, 504, 599]);
});
