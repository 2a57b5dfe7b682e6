import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failures, retryDelay } from '../dist/failures.js';

test('a message is tried again after 1 s, 2 s, 4 s, and so on up to 30 s', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7, 2000].map(retryDelay),
    [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000],
  );
});

test('a failure is due when its own time has come, however many tries it had', (t) => {
  let now = 0;
  t.mock.method(performance, 'now', () => now);
  const failures = new Failures();
  failures.add('often', 2);
  failures.add('once', 1);
  now = 999;
  assert.equal(failures.takeDue(9).size, 0);
  now = 1000;
  assert.deepEqual([...failures.takeDue(9)], [['once', 1]]);
  failures.add('once', 2);
  now = 3000;
  assert.deepEqual([...failures.takeDue(1)], [['often', 2]]);
  assert.deepEqual([failures.has('often'), failures.has('once'), failures.size], [false, true, 1]);
  assert.deepEqual([failures.drain(), failures.size], [['once'], 0]);
});
