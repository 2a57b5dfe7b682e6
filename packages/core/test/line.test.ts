import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Line, type LineNode } from '../dist/time/line.js';

interface Numbered extends LineNode {
  readonly n: number;
}

const place = (n: number): Numbered => ({ n, before: undefined, after: undefined, line: undefined });

test('first come, first served, and anybody may leave, once', () => {
  const line = new Line<Numbered>();
  const [one, two, three, four, five] = [1, 2, 3, 4, 5].map((n) => place(n)) as [
    Numbered,
    Numbered,
    Numbered,
    Numbered,
    Numbered,
  ];
  for (const each of [one, two, three, four, five]) line.join(each);
  assert.deepEqual(
    [one, three, five, three].map((each) => line.leave(each)),
    [true, true, true, false],
  );
  assert.deepEqual([line.size, line.first], [2, two]);
  assert.deepEqual(
    Array.from(line, ({ n }) => n),
    [2, 4],
  );
  assert.deepEqual(
    [line.leave(two), line.first, line.leave(four), line.first, line.size],
    [true, four, true, undefined, 0],
  );
  line.join(three);
  assert.deepEqual([line.first, line.size], [three, 1]);
  assert.equal(new Line<Numbered>().leave(three), false, 'it stands in another line');
});
