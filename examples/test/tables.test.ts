import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './support.js';
import { assertThere, referencesIn, rowsOf } from './tables.js';

const HAZARDS = Array.from({ length: 39 }, (_, i) => `${i + 1}`);

const RULES = Object.entries({ B: 5, F: 6, M: 10, S: 6, L: 8, N: 6 }).flatMap(([letter, count]) =>
  Array.from({ length: count }, (_, i) => `${letter}${i + 1}`),
);

/** Which test holds each rule, and which shows each hazard. */
const TESTS = 'docs/rules-and-tests.md';

/** Asserts that the table has a row for each key, in this order, and that the tests which the rows name exist. Gives their titles. */
function titlesFor(keys: readonly string[], key: RegExp): Map<string, string[]> {
  const rows = rowsOf(TESTS, key);
  assert.deepEqual(
    rows.map(([first]) => first),
    keys,
  );
  return new Map(
    rows.map(([first = '', cell = '']) => {
      const references = referencesIn(cell, TESTS);
      for (const reference of references) assertThere(reference);
      return [first, references.map(({ title }) => title)];
    }),
  );
}

test('docs/hazards.md has a row for each hazard, no cell of it is empty, and each has a test that exists', () => {
  const rows = rowsOf('docs/hazards.md', /^\d+$/);
  assert.deepEqual(
    rows.map(([number]) => number),
    HAZARDS,
  );
  for (const [number, ...cells] of rows) {
    assert.equal(cells.length, 2, `hazard ${number}`);
    assert.ok(
      cells.every((cell) => cell !== ''),
      `hazard ${number} has an empty cell`,
    );
  }
  titlesFor(HAZARDS, /^\d+$/);
});

test('docs/lifecycle.md states each rule and shows it, and each has a test that exists', () => {
  const text = readFileSync(join(ROOT, 'docs/lifecycle.md'), 'utf8');
  const stated = [...text.matchAll(/^\*\*([BFMSLN]\d+)\. /gm)].map(([, rule]) => rule);
  assert.deepEqual(stated, RULES);
  for (const [index, rule] of RULES.entries()) {
    const [, after = ''] = text.split(`**${rule}. `);
    const [own = ''] = after.split(`**${RULES[index + 1]}. `);
    assert.match(own, /^```ts$/m, `${rule} has an example`);
  }
  for (const [rule, titles] of titlesFor(RULES, /^[BFMSLN]\d+$/))
    for (const title of titles) assert.ok(title.startsWith(`${rule}: `), `"${title}" is not about ${rule}`);
});

for (const [document, letter, count] of [
  ['docs/composition.md', 'C', 9],
  ['docs/durability.md', 'D', 14],
  ['docs/threads.md', 'T', 8],
] as const)
  test(`${document} states each of its rules, and each has a test that exists`, () => {
    const rules = Array.from({ length: count }, (_, i) => `${letter}${i + 1}`);
    const text = readFileSync(join(ROOT, document), 'utf8');
    const stated = [...text.matchAll(/^\*\*([A-Z]\d+)\. /gm)].map(([, rule]) => rule);
    assert.deepEqual(stated, rules);
    for (const [rule, titles] of titlesFor(rules, new RegExp(`^${letter}\\d+$`)))
      for (const title of titles) assert.ok(title.startsWith(`${rule}: `), `"${title}" is not about ${rule}`);
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

test('docs/glossary.md has each word once, in alphabetical order, and names files that exist', () => {
  const document = 'docs/glossary.md';
  const words = rowsOf(document, /^(?!word$|---)./).map(([word = '']) => word);
  assert.ok(words.length > 70, `${words.length} words`);
  assert.deepEqual(words, [...new Set(words)].toSorted());
  const text = readFileSync(join(ROOT, document), 'utf8');
  for (const [, path = ''] of text.matchAll(/`([\w./-]+(?:\.ts|\/))`/g))
    assert.ok(existsSync(join(ROOT, 'packages', path)), `${document} names ${path}, which does not exist`);
});
