import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './support.js';
import { assertThere, referencesIn, rowsOf } from './tables.js';

const HAZARDS = Array.from({ length: 39 }, (_, i) => `${i + 1}`);

const RULES = Object.entries({ B: 5, F: 5, M: 9, S: 6, L: 8, N: 4 }).flatMap(([letter, count]) =>
  Array.from({ length: count }, (_, i) => `${letter}${i + 1}`),
);

test('docs/hazards.md has a row for each hazard, no cell of it is empty, and the tests it names are there', () => {
  const document = 'docs/hazards.md';
  const rows = rowsOf(document, /^\d+$/);
  assert.deepEqual(
    rows.map(([number]) => number),
    HAZARDS,
  );
  for (const [number, ...cells] of rows) {
    assert.equal(cells.length, 3, `hazard ${number}`);
    assert.ok(
      cells.every((cell) => cell !== ''),
      `hazard ${number} has an empty cell`,
    );
    for (const reference of referencesIn(cells.at(-1) ?? '', document)) assertThere(reference);
  }
});

test('docs/lifecycle.md states each rule, shows it, and names tests of it that are there', () => {
  const document = 'docs/lifecycle.md';
  const text = readFileSync(join(ROOT, document), 'utf8');
  const stated = [...text.matchAll(/^\*\*([BFMSLN]\d)\. /gm)].map(([, rule]) => rule);
  assert.deepEqual(stated, RULES);
  for (const [index, rule] of RULES.entries()) {
    const [, after = ''] = text.split(`**${rule}. `);
    const [own = ''] = after.split(`**${RULES[index + 1]}. `);
    assert.match(own, /^```ts$/m, `${rule} has an example`);
  }
  const rows = rowsOf(document, /^[BFMSLN]\d$/);
  assert.deepEqual(
    rows.map(([rule]) => rule),
    RULES,
  );
  for (const [rule, cell = ''] of rows) {
    for (const reference of referencesIn(cell, document)) {
      assertThere(reference);
      assert.ok(reference.title.startsWith(`${rule}: `), `"${reference.title}" is not about ${rule}`);
    }
  }
});

for (const document of ['docs/http.md', 'docs/syslog.md'])
  test(`each feature in ${document} names tests of it that are there`, () => {
    const all = rowsOf(document, /^(?!feature$|---)./);
    // Tables of other things than features have another number of columns.
    const rows = all.filter(({ length }) => length === all[0]?.length);
    assert.ok(rows.length > 20, `${rows.length} features`);
    for (const cells of rows)
      for (const reference of referencesIn(cells.at(-1) ?? '', document)) assertThere(reference);
  });
