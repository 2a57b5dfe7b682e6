// The packages as somebody else gets them: installed from the tarballs, outside the workspace.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { json, PACKAGES } from '../scripts/packages.mjs';
import { blocksOf, emptyFolder, freePort, install, nodeOf, run, tarballs, write } from './consumer.mjs';

const folder = emptyFolder();
const { devDependencies } = json('package.json');
const READMES = ['README.md', ...PACKAGES.map((one) => `${one.folder}/README.md`)];

before(() => {
  write(folder, { 'package.json': { name: 'consumer', private: true, type: 'module' } });
  install(folder, [
    ...tarballs(),
    `@types/node@${devDependencies['@types/node']}`,
    // the oldest that has what the declarations use
    'typescript-5.4@npm:typescript@5.4.5',
    'typescript-5.9@npm:typescript@5.9.3',
    `typescript-7@npm:typescript@${devDependencies.typescript}`,
    'vitest@3.2.7',
    'bun@1.4.5',
  ]);
});

describe('types', () => {
  before(() => {
    const entries = PACKAGES.flatMap(({ manifest: { name, exports } }) =>
      Object.entries(exports)
        .filter(([, target]) => typeof target === 'object')
        .map(([path]) => name + path.slice(1)),
    );
    const everything = entries.map((entry, n) => `import * as entry${n} from '${entry}';\nvoid entry${n};`);
    write(folder, { 'types/everything.ts': everything.join('\n') });
    for (const [n, text] of READMES.flatMap((document) => blocksOf(document, 'ts')).entries()) {
      write(folder, { [`types/example-${n}.ts`]: text });
    }
  });

  for (const compiler of ['typescript-5.4', 'typescript-5.9', 'typescript-7']) {
    for (const module of ['nodenext', 'bundler']) {
      test(`all entries, and the examples of the READMEs, compile with ${compiler}, ${module}, skipLibCheck false`, async () => {
        const options = {
          target: 'es2022',
          lib: ['es2023', 'esnext.disposable'],
          module: module === 'bundler' ? 'esnext' : 'nodenext',
          moduleResolution: module,
          types: ['node'],
          strict: true,
          skipLibCheck: false,
          noEmit: true,
        };
        const project = `tsconfig.${compiler}.${module}.json`;
        write(folder, { [project]: { compilerOptions: options, include: ['types'] } });
        const tsc = join(folder, 'node_modules', compiler, 'bin/tsc');
        const { code, output } = await run(folder, process.execPath, [tsc, '-p', project]);
        assert.equal(code, 0, output);
      });
    }
  }
});

for (const major of [20, 22, 24]) {
  describe(`on Node ${major}`, () => {
    let node;
    const sputnik = join(folder, 'node_modules/.bin/sputnik');
    const conf = `conf-${major}`;

    before(() => {
      node = nodeOf(major);
      write(folder, {
        [`${conf}/greeter.mjs`]: `
          import { defineBlock } from '@sputnikjs/core';
          export const greeter = defineBlock({
            name: 'greeter',
            make: (_config, _needs, { log }) => ({ run: () => log.info({}, 'hello from Node ' + process.versions.node) }),
          });
        `,
        [`${conf}/blocks.json`]: [{ name: 'greeter', module: './greeter.mjs' }],
      });
    });

    test('`sputnik check` accepts a block of its own, given by module', async () => {
      const { code, output } = await run(folder, node, [sputnik, 'check', '--cf', conf]);
      assert.equal(code, 0, output);
      assert.match(output, /ok, 1 block\n/);
    });

    test('`sputnik run` flies it, and SIGTERM lands it', async () => {
      const { code, output } = await run(folder, node, [sputnik, 'run', '--cf', conf], { land: '"event":"launched"' });
      assert.equal(code, 0, output);
      assert.ok(output.includes(`hello from Node ${major}.`), output);
      assert.match(output, /landed after SIGTERM in \d+ ms, clean/);
    });

    test("the README's ticker produces to its broker, and its two blocks talk", async () => {
      const [ticker, talk] = blocksOf('README.md', 'js');
      const port = await freePort();
      write(folder, { 'ticker.mjs': ticker.replace('port: 18831', `port: ${port}`), 'talk.mjs': talk });
      const ticked = await run(folder, node, ['ticker.mjs'], { land: '"event":"connected"' });
      assert.equal(ticked.code, 0, ticked.output);
      const talked = await run(folder, node, ['talk.mjs']);
      assert.deepEqual(talked, { code: 0, output: '2 + 3 = 5\nlanded clean\n' });
    });

    for (const document of READMES.filter((path) => path !== 'README.md')) {
      const examples = blocksOf(document, 'ts');
      if (examples.length === 0) continue;
      test(`the examples of ${document} run, tests among them`, async () => {
        for (const [n, text] of examples.entries()) {
          const file = `${document.replaceAll('/', '-')}.${n}.test.mjs`;
          write(folder, { [file]: text });
          const isTest = text.includes("'node:test'");
          const { code, output } = await run(folder, node, isTest ? ['--test', file] : [file]);
          assert.equal(code, 0, output);
          if (isTest) assert.match(output, /(#|ℹ) pass [1-9]/);
        }
      });
    }
  });
}

describe('the testkit in other test runners', () => {
  /** Two tests: of a block that works, and of one that fails in flight, whose test does not look at the report. */
  const tests = (runner) => `
    import { test } from '${runner}';
    import { defineBlock } from '@sputnikjs/core';
    import { blockConformance, testFlight } from '@sputnikjs/testkit';

    const block = defineBlock({ name: 'fine', make: () => ({ onMsg: () => 'answer' }) });
    test('good', async () => {
      const flight = await testFlight({ blocks: { fine: block } });
      if ((await flight.to('fine').ask({})) !== 'answer') throw new Error('no answer');
    });
    test('bad', async () => {
      const bad = defineBlock({ name: 'bad', make: () => ({ run: async () => { throw new Error('this block is broken'); } }) });
      await testFlight({ blocks: { bad } });
    });
    blockConformance('fine', { block });
  `;
  const RUNNERS = {
    'node:test': (file) => [process.execPath, ['--test', '--test-reporter=tap', file], /# pass 7\n# fail 1\n/],
    vitest: (file) => [join(folder, 'node_modules/.bin/vitest'), ['run', file], /1 failed \| 7 passed \| 1 skipped/],
    'bun:test': (file) => [
      join(folder, 'node_modules/.bin/bun'),
      ['test', `./${file}`],
      /7 pass\n\s*1 skip\n\s*1 fail\n/,
    ],
  };

  before(async () => {
    // its own installation script, which npm may leave out
    const { code, output } = await run(folder, process.execPath, ['node_modules/bun/install.js']);
    assert.equal(code, 0, output);
  });

  for (const [runner, how] of Object.entries(RUNNERS)) {
    test(`${runner}: the test of a block that fails in flight fails, the others pass`, async () => {
      const file = `runner-${runner.replace(':', '-')}.test.mjs`;
      write(folder, { [file]: tests(runner) });
      const [command, args, result] = how(file);
      const { code, output } = await run(folder, command, args);
      assert.notEqual(code, 0, output);
      assert.match(output, result);
      assert.match(output, /this block is broken/);
    });
  }
});
