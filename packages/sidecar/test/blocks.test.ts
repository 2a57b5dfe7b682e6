import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { defineBlock, type BlockFactory } from '@sputnikjs/core';
import { findFactories, type Factories } from '../dist/folder/block-factories.js';
import { readBlocks } from '../dist/folder/blocks.js';
import { ConfigFolder } from '../dist/folder/config-folder.js';
import { loadModule } from '../dist/folder/modules.js';
import type { NestedEntry, SidecarEntry } from '../dist/folder/options.js';
import { CodeReader } from '../dist/folder/reader.js';
import { folder } from './helpers.js';

async function read(blocks: unknown): Promise<readonly (SidecarEntry | NestedEntry)[] | readonly string[]> {
  const { value, problems } = await readBlocks(new CodeReader({ blocks }));
  return problems.length > 0 ? problems : value.entries.map(({ nested, ...entry }) => nested ?? withoutIndex(entry));
}

function withoutIndex(entry: SidecarEntry): SidecarEntry {
  return Object.fromEntries(Object.entries(entry).filter(([key]) => key !== 'index')) as unknown as SidecarEntry;
}

async function find(
  listed: readonly SidecarEntry[],
  path: string,
  given: Factories = {},
): Promise<{ factories: Factories; problems: readonly string[] }> {
  const entries = listed.map((entry, index) => ({ ...entry, index }));
  const { value, problems } = await findFactories({ label: 'blocks.json', entries }, path, given);
  return { factories: value, problems };
}

function nameOf(factory: BlockFactory | undefined): string | undefined {
  return typeof factory === 'object' ? factory.name : undefined;
}

const BLOCK = `import { defineBlock } from '@sputnikjs/core';
export const ping = defineBlock({ name: 'ping', make: () => ({}) });
export default defineBlock({ name: 'pong', make: () => ({}) });
export const aConnector = { kind: 'connector', name: 'other', make: () => ({}) };
`;

test('the list is read as it stands, with the capitals of the original too, and may be empty', async () => {
  const entries = [
    { name: 'a', responsibility: 'b', module: './m.js', needs: { x: 'y' } },
    { Name: 'c', Responsibility: 'd' },
    { name: 'e' },
  ];
  assert.deepEqual(await read(entries), [entries[0], { name: 'c', responsibility: 'd' }, { name: 'e' }]);
  assert.deepEqual(await read([]), []);
});

test('every mistake in the list is a line: a list is expected, of objects with known keys, each given once', async () => {
  assert.deepEqual(await read({ name: 'a' }), ['configs.blocks: expected array, received object']);
  assert.deepEqual(await read([{ name: 'a', Name: 'b' }, { nme: 'a' }, 'text', { name: '', needs: { x: 1 } }]), [
    'configs.blocks: [0].Name: is given twice, also as name; keep one of them',
    'configs.blocks: [1].name: is missing, expected string',
    'configs.blocks: [1].nme: unknown key, did you mean "name"?',
    'configs.blocks: [2]: expected object, received string',
    'configs.blocks: [3].name: Too small: expected string to have >=1 characters',
    'configs.blocks: [3].needs.x: expected string, received number',
  ]);
  assert.deepEqual(
    await read([
      { satellite: 'inner', needs: {} },
      { name: 'a', place: 'thread' },
    ]),
    [
      'configs.blocks: [0].needs: unknown key, expected one of satellite, folder, outer, restart, place, clone, heapMb',
      'configs.blocks: [1].place: unknown key, expected one of name, responsibility, module, needs',
    ],
  );
});

test('an entry that cannot be used does not hide the others', async () => {
  const { value } = await readBlocks(new CodeReader({ blocks: [{ nam: 'a' }, { name: 'b' }] }));
  assert.deepEqual(value.entries, [{ name: 'b', index: 1 }]);
});

test('a configuration that nobody reads is told when its name is near to a known one', async () => {
  const known = ['blocks', 'httpgateway'];
  const misspelt = 'no block has this name or responsibility, did you mean "httpgateway"?';
  assert.deepEqual(new CodeReader({ blocks: [], HTTPGATEWAY: {}, httpgatway: {}, notes: {} }).strays(known), [
    `configs.HTTPGATEWAY: ${misspelt}`,
    `configs.httpgatway: ${misspelt}`,
  ]);
  const path = await folder({ 'blocks.json': [], 'httpgatway.yaml': {}, 'package.json': {} });
  assert.deepEqual((await ConfigFolder.open(path)).strays(known), [`${join(path, 'httpgatway.yaml')}: ${misspelt}`]);
});

test('a folder without a list of blocks is a problem', async () => {
  const path = await folder({});
  const { problems } = await readBlocks(await ConfigFolder.open(path));
  assert.deepEqual(problems, [
    `${join(path, 'blocks.json')}: there is no such file; it lists the blocks of the satellite`,
  ]);
});

test('a block is found in the module that its entry names: a file relative to the folder, any export', async () => {
  const path = await folder({ 'm.mjs': BLOCK });
  const { factories, problems } = await find(
    [
      { name: 'ping', module: './m.mjs' },
      { name: 'pong', module: './m.mjs' },
    ],
    path,
  );
  assert.deepEqual(problems, []);
  assert.deepEqual([nameOf(factories['ping']), nameOf(factories['pong'])], ['ping', 'pong']);
});

test('a module may be a package that is installed where the folder is', async () => {
  const path = await folder({});
  const home = join(path, 'node_modules', 'my-blocks');
  await mkdir(home, { recursive: true });
  await writeFile(
    join(home, 'package.json'),
    JSON.stringify({ name: 'my-blocks', type: 'module', exports: './index.js' }),
  );
  await writeFile(join(home, 'index.js'), BLOCK);
  const { factories, problems } = await find([{ name: 'ping', module: 'my-blocks' }], path);
  assert.deepEqual([problems, nameOf(factories['ping'])], [[], 'ping']);
});

test('a package that can only be imported is found too', async () => {
  const path = await folder({});
  const home = join(path, 'node_modules', '@mine', 'blocks');
  await mkdir(home, { recursive: true });
  const exports = { '.': { types: './index.d.ts', import: './main.js' } };
  await writeFile(join(home, 'package.json'), JSON.stringify({ name: '@mine/blocks', type: 'module', exports }));
  await writeFile(join(home, 'main.js'), BLOCK);
  const { factories, problems } = await find([{ name: 'ping', module: '@mine/blocks' }], path);
  assert.deepEqual([problems, nameOf(factories['ping'])], [[], 'ping']);
});

test('a module may be a package that the program has, wherever the folder is', async () => {
  const loaded = await loadModule('@sputnikjs/sidecar', '/');
  assert.ok('exported' in loaded && loaded.exported.length > 5);
});

test('a module may register its blocks by side effect', async () => {
  const path = await folder({
    'm.mjs': `import { registerBlockFactory } from '@sputnikjs/core';
registerBlockFactory('registered', () => ({ init() {}, run() {}, finish() {} }));`,
  });
  const { factories, problems } = await find([{ name: 'registered', module: './m.mjs' }], path);
  assert.deepEqual([problems, typeof factories['registered']], [[], 'function']);
});

test('the generic blocks, and those given in code, need no module', async () => {
  const own = defineBlock({ name: 'own', make: () => ({}) });
  const entries = [{ name: 'producer' }, { name: 'consumer' }, { name: 'own' }];
  const { factories, problems } = await find(entries, '/', { own });
  assert.deepEqual([problems, Object.keys(factories)], [[], ['producer', 'consumer', 'own']]);
});

test(
  'a module in TypeScript is a problem that says to compile it, where Node does not run TypeScript',
  { skip: Boolean((process.features as { readonly typescript?: unknown }).typescript) },
  async () => {
    const path = await folder({ 'm.ts': BLOCK });
    const { problems } = await find([{ name: 'ping', module: './m.ts' }], path);
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? '', /cannot be loaded: .*; compile it, and name the compiled JavaScript$/);
  },
);

test('whatever is wrong with a module is told with its block, all in one run', async () => {
  const path = await folder({
    'm.mjs': BLOCK,
    'throws.mjs': 'throw new Error("no licence");',
    'broken.mjs': 'import "not-there-at-all";',
    'empty.mjs': '',
  });
  const { factories, problems } = await find(
    [
      { name: 'a', module: './nowhere.mjs' },
      { name: 'b', module: 'no-such-package' },
      { name: 'c', module: './throws.mjs' },
      { name: 'd', module: './broken.mjs' },
      { name: 'e', module: './m.mjs' },
      { name: 'f', module: './empty.mjs' },
      { name: 'prodcer' },
      { name: 'toString' },
      { name: 'other', module: './m.mjs' },
    ],
    path,
  );
  assert.equal(Object.keys(factories).length, 9, 'a block stands for each');
  const expected = [
    /^blocks\.json: \[0\]: block "a": module "\.\/nowhere\.mjs" not found \(looked in .*\/nowhere\.mjs\)$/,
    /^blocks\.json: \[1\]: block "b": module "no-such-package" not found \(looked in node_modules of .*\)$/,
    /^blocks\.json: \[2\]: block "c": module "\.\/throws\.mjs" cannot be loaded: no licence$/,
    /^blocks\.json: \[3\]: block "d": module "\.\/broken\.mjs" cannot be loaded: .*not-there-at-all/,
    /^blocks\.json: \[4\]: block "e": module "\.\/m\.mjs" has no such block; it has "(ping|pong)", "(ping|pong)"$/,
    /^blocks\.json: \[5\]: block "f": module "\.\/empty\.mjs" has no such block; it has none$/,
    /^blocks\.json: \[6\]: block "prodcer": there is no such block; did you mean "producer"\? Or name its "module"; known blocks: /,
    /^blocks\.json: \[7\]: block "toString": there is no such block/,
    /^blocks\.json: \[8\]: block "other": module "\.\/m\.mjs" has no such block/,
  ];
  assert.equal(problems.length, expected.length, problems.join('\n'));
  for (const [index, pattern] of expected.entries()) assert.match(problems[index] ?? '', pattern);
});

test('one name cannot stand for the blocks of two modules', async () => {
  const path = await folder({ 'm.mjs': BLOCK, 'n.mjs': BLOCK });
  const { problems } = await find(
    [
      { name: 'ping', responsibility: 'a', module: './m.mjs' },
      { name: 'ping', responsibility: 'b', module: './m.mjs' },
      { name: 'ping', responsibility: 'c', module: './n.mjs' },
    ],
    path,
  );
  assert.deepEqual(problems, [
    'blocks.json: [2].module: block "ping" is not the same block as "ping" of ./m.mjs before it; rename one of them',
  ]);
});

test('a package looked up by a link to it is the same module', async () => {
  const path = await folder({ 'm.mjs': BLOCK });
  await symlink('m.mjs', join(path, 'link.mjs'));
  const { problems } = await find(
    [
      { name: 'ping', responsibility: 'a', module: './m.mjs' },
      { name: 'ping', responsibility: 'b', module: './link.mjs' },
    ],
    path,
  );
  assert.deepEqual(problems, []);
});
