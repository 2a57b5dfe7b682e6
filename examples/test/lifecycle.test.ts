import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blocksOf, compileAll, program } from './support.js';

const DOCUMENT = 'docs/lifecycle.md';
const [beginning, ...blocks] = blocksOf(DOCUMENT);

/** The examples, and what each says that it prints. */
const examples = blocks.flatMap(({ language, text }, index) => {
  if (language !== 'ts') return [];
  const output = blocks[index + 1];
  assert.equal(output?.language, 'text', `what does this print?\n${text}`);
  return [{ text, output: output.text }];
});

test('each example of docs/lifecycle.md compiles, and prints what stands below it', { concurrency: 2 }, async (t) => {
  assert.equal(blocks.length, 2 * examples.length, 'each block is an example or its output');
  const sources = examples.map(({ text }, index) => [`${index}`, `${beginning?.text}\n${text}`] as const);
  const pathOf = await compileAll(t, new Map(sources));
  const runs = examples.map(({ text, output }, index) =>
    t.test(`example ${index + 1} prints what it says`, async (t) => {
      const run = program(t, process.execPath, pathOf(`${index}`));
      assert.equal(await run.code, 0, run.output());
      assert.equal(run.output(), output, text);
    }),
  );
  await Promise.all(runs);
});
