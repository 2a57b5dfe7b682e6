import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inTurn } from './in-turn.js';
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

/** What looks at the process, or ends it, needs one of its own. */
const aboutProcess = ({ text }: { readonly text: string }): boolean => text.includes('process.');

test('each example of docs/lifecycle.md compiles, and prints what stands below it', { concurrency: 2 }, async (t) => {
  assert.equal(blocks.length, 2 * examples.length, 'each block is an example or its output');
  const sources = examples.map(({ text }, index) => [`${index}`, `${beginning?.text}\n${text}`] as const);
  const pathOf = await compileAll(t, new Map(sources));
  const shared = examples.filter((one) => !aboutProcess(one));
  const endings = inTurn(
    t,
    shared.map((one) => pathOf(`${examples.indexOf(one)}`)),
  );
  const runs = examples.map((one, index) =>
    t.test(`example ${index + 1} prints what it says`, async (t) => {
      const { text, output } = one;
      if (aboutProcess(one)) {
        const run = program(t, process.execPath, pathOf(`${index}`));
        assert.equal(await run.code, 0, run.output());
        assert.equal(run.output(), output, text);
        return;
      }
      const ended = (await endings)[shared.indexOf(one)] ?? assert.fail('one before it ended the process');
      assert.deepEqual(ended, { output, ending: 'done, 0' }, text);
    }),
  );
  await Promise.all(runs);
});
