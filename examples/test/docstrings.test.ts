import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exportedBy, optionsOf, outputOf } from './docstrings.js';
import { inTurn } from './in-turn.js';
import { compileAll, fileOf, program, ROOT } from './support.js';

const exported = (await Promise.all(readdirSync(join(ROOT, 'packages')).map(exportedBy))).flat();
interface Example {
  readonly title: string;
  readonly example: string;
}

const examples = exported.flatMap(({ title, example }) => (example === undefined ? [] : [{ title, example }]));

test('each function, class, block and connector that a package exports has an example in its docstring', () => {
  assert.ok(exported.length > 50, `these are all: ${exported.length}`);
  const missing = exported.filter(({ example }) => example === undefined).map(({ title }) => title);
  assert.deepEqual(missing, []);
});

test('each example of a docstring shows what comes of it: by an assertion, or by what it prints', () => {
  const vague = examples.filter(
    ({ example }) => outputOf(example) === undefined && !/\bassert\b|(?:Conformance|Soak|Trials)\(/.test(example),
  );
  assert.deepEqual(
    vague.map(({ title }) => title),
    [],
  );
});

/** What has tests, or a command line, needs a process of its own, which it ends. */
const hasTests = ({ example }: Example): boolean => /from 'node:test'|(Conformance|Soak)\(/.test(example);
const hasCommand = ({ example }: Example): boolean => example.includes('process.argv');

test('each example of a docstring compiles, and prints what its comments say', { concurrency: 2 }, async (t) => {
  const pathOf = await compileAll(t, new Map(examples.map(({ title, example }) => [fileOf(title), example])));
  const plain = examples.filter((one) => !hasTests(one) && !hasCommand(one));
  const endings = inTurn(
    t,
    plain.map(({ title }) => pathOf(fileOf(title))),
  );
  const runs = examples.map((one) =>
    t.test(one.title, async (t) => {
      const { title, example } = one;
      const place = plain.indexOf(one);
      if (place >= 0) {
        const { output, ending } = (await endings)[place] ?? assert.fail('one before it ended the process');
        assert.equal(ending, 'done, 0', `${example}\n${output}`);
        assert.match(output, outputOf(example) ?? /^$/, example);
        return;
      }
      const run = program(t, process.execPath, ...optionsOf(example), pathOf(fileOf(title)));
      assert.equal(await run.code, 0, `${example}\n${run.output()}`);
      // what has tests, and runs none, shows nothing
      const expected = hasTests(one) ? /^\S+ pass [1-9]/m : outputOf(example);
      assert.match(run.output(), expected ?? /^$/, run.output());
    }),
  );
  await Promise.all(runs);
});
