import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { blocksOf, folder, program, ROOT } from './support.js';

const DOCUMENT = 'docs/lifecycle.md';
const [beginning, ...blocks] = blocksOf(DOCUMENT);

/** The examples, and what each says that it prints. */
const examples = blocks.flatMap(({ language, text }, index) => {
  if (language !== 'ts') return [];
  const output = blocks[index + 1];
  assert.equal(output?.language, 'text', `what does this print?\n${text}`);
  return [{ text, output: output.text }];
});

const TSCONFIG = {
  extends: '../../../tsconfig.base.json',
  compilerOptions: { rootDir: '.', outDir: 'js', composite: false, incremental: false, isolatedDeclarations: false },
};

test('each example of docs/lifecycle.md compiles, and prints what stands below it', { concurrency: 2 }, async (t) => {
  assert.equal(blocks.length, 2 * examples.length, 'each block is an example or its output');
  const sources = examples.map(({ text }, index) => [`${index}.ts`, `${beginning?.text}\n${text}`]);
  const files = { ...Object.fromEntries(sources), 'tsconfig.json': JSON.stringify(TSCONFIG) };
  const path = folder(t, files);
  const compiler = program(t, process.execPath, join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', path);
  assert.equal(await compiler.code, 0, compiler.output());
  const runs = examples.map(({ text, output }, index) =>
    t.test(`example ${index + 1} prints what it says`, async (t) => {
      const run = program(t, process.execPath, join(path, 'js', `${index}.js`));
      assert.equal(await run.code, 0, run.output());
      assert.equal(run.output(), output, text);
    }),
  );
  await Promise.all(runs);
});
