import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { filesOf, type Files } from '../dist/store/files.js';
import { Store } from '../dist/store/store.js';
import { folder } from './helpers.js';
import { trace } from './traced.js';

/** The numbers after a word in what the writer has said. */
const numbersAfter = (word: string, said: readonly string[]): Set<number> =>
  new Set(said.flatMap((line) => (line.startsWith(`${word} `) ? Number(line.slice(word.length + 1)) : [])));

/** Asserts that these files have, in order and once, all that was stored and is not acknowledged, and returns how many that are. */
export async function assertKept(files: Files, said: readonly string[], when: string): Promise<number> {
  const options = { maxBytes: 262_144, maxMessages: Infinity, now: () => 0, onChange() {}, onProblem() {} };
  const store = await Store.open(files, options);
  const found: number[] = [];
  for (let some = await store.take(1_000); some.length > 0; some = await store.take(1_000))
    found.push(...some.map(({ content }) => Number(Buffer.from(content.payload).toString().split(' ')[0])));
  const there = new Set(found);
  const acknowledged = numbersAfter('acknowledged', said);
  const stored = [...numbersAfter('stored', said)].filter((n) => !acknowledged.has(n));
  assert.deepEqual(
    stored.filter((n) => !there.has(n)),
    [],
    `lost ${when}`,
  );
  assert.deepEqual(
    found,
    [...there].toSorted((a, b) => a - b),
    `out of order ${when}`,
  );
  assert.equal(store.lost, 0, `counted as lost ${when}`);
  return stored.length;
}

/** Runs the writer with a fault: of a system call, at the n-th of them. What it has stored has to be there. */
export async function assertSurvives(t: TestContext, call: string, fault: string, when: string): Promise<void> {
  await t.test(`${call}: ${fault}, ${when}`, async (t) => {
    const parent = folder();
    const path = join(parent, 'spool');
    const said = await trace(path, 2, join(parent, 'trace'), ['-e', `inject=${call}:${fault}:when=${when}`]);
    const failed = numbersAfter('failed', said).size;
    const kept = await assertKept(filesOf(path), said, `with ${call}: ${fault}`);
    t.diagnostic(`${numbersAfter('stored', said).size} stored, ${failed} failed, ${kept} kept`);
  });
}
