import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { exportedBy, optionsOf, outputOf } from './docstrings.js';
import { compileAll, fileOf, program, ROOT } from './support.js';

const exported = (await Promise.all(readdirSync(join(ROOT, 'packages')).map(exportedBy))).flat();
const examples = exported.flatMap(({ title, example }) => (example === undefined ? [] : [{ title, example }]));

test('each function, class, block and connector that a package exports has an example in its docstring', () => {
  assert.ok(exported.length > 50, `these are all: ${exported.length}`);
  const missing = exported.filter(({ example }) => example === undefined).map(({ title }) => title);
  assert.deepEqual(missing, []);
});

test('each example of a docstring shows what comes of it: by an assertion, or by what it prints', () => {
  const vague = examples.filter(
    ({ example }) => outputOf(example) === undefined && !/\bassert\b|(?:Conformance|Soak)\(/.test(example),
  );
  assert.deepEqual(
    vague.map(({ title }) => title),
    [],
  );
});

test('each example of a docstring compiles, and prints what its comments say', { concurrency: 2 }, async (t) => {
  const pathOf = await compileAll(t, new Map(examples.map(({ title, example }) => [fileOf(title), example])));
  const runs = examples.map(({ title, example }) =>
    t.test(title, async (t) => {
      const run = program(t, process.execPath, ...optionsOf(example), pathOf(fileOf(title)));
      assert.equal(await run.code, 0, `${example}\n${run.output()}`);
      const output = outputOf(example);
      if (output !== undefined) assert.match(run.output(), output, example);
      // what has tests, and runs none, shows nothing
      if (/from 'node:test'|(Conformance|Soak)\(/.test(example))
        assert.match(run.output(), /^\S+ pass [1-9]/m, run.output());
    }),
  );
  await Promise.all(runs);
});
