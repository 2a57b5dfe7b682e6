import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomFrom } from '@sputnikjs/testkit';
import { ByNumber } from '../dist/remote/by-number.js';

const numbered = (number: number) => ({ number });
const numbersOf = (entries: ByNumber<{ readonly number: number }>): number[] =>
  [...entries].map(({ number }) => number);

test('entries come and go as in a map, whatever stays for long', () => {
  const random = randomFrom(7);
  const [entries, model] = [new ByNumber(), new Map<number, { readonly number: number }>()];
  for (let number = 1; number <= 30_000; number++) {
    const one = numbered(number);
    entries.add(one);
    model.set(number, one);
    // most go soon, one of a hundred stays for thousands of others, or for ever
    for (const gone of [number - 3, number - Math.floor(random() * 20_000)]) {
      if (gone % 100 === 0 && gone === number - 3) continue;
      assert.equal(entries.get(gone), model.get(gone));
      const expected = model.get(gone);
      model.delete(gone);
      assert.equal(entries.remove(gone), expected);
      assert.equal(entries.remove(gone), undefined);
    }
    assert.equal(entries.size, model.size);
    if (number % 5_000 === 0) assert.deepEqual(numbersOf(entries), [...model.keys()]);
  }
  assert.ok(model.size > 50, `${model.size} have stayed`);
});

test('each entry is met once, in order, although those that are met are removed', () => {
  const entries = new ByNumber();
  for (let number = 1; number <= 10_000; number++) entries.add(numbered(number));
  const met: number[] = [];
  for (const { number } of entries) {
    met.push(number);
    entries.remove(number);
  }
  assert.deepEqual(
    met,
    Array.from({ length: 10_000 }, (_, index) => index + 1),
  );
  assert.equal(entries.size, 0);
});

test('numbers that nobody has given have no entry', () => {
  const entries = new ByNumber();
  entries.add(numbered(5));
  for (const number of [-5, 0, 5.5, 5 + 4_096, Number.MAX_SAFE_INTEGER, Number.NaN, Infinity])
    assert.equal(entries.remove(number), undefined);
  assert.equal(entries.size, 1);
});
