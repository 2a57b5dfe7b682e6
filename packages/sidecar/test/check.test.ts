import assert from 'node:assert/strict';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { defineBlock, type ServerConnector } from '@sputnikjs/core';
import { check, defineConnector } from '@sputnikjs/sidecar';
import { z } from 'zod';
import { BLOCKS, CONNECTOR } from './fixtures.js';
import { folder } from './helpers.js';

test('every problem of a folder is found in one run, a line each, and told once', async () => {
  const cf = await folder({
    'blocks.json': [
      { name: 'listener', module: './blocks.mjs' },
      { name: 'listener', responsibility: 'second', module: './blocks.mjs' },
      { name: 'listener', responsibility: 'third', module: './blocks.mjs' },
      { name: 'talker', module: './blocks.mjs' },
      { name: 'ghost', module: './nowhere.mjs' },
    ],
    'blocks.mjs': BLOCKS,
    'listener.json': { prot: 1, host: 5 },
    'second.json': { port: 'eighty' },
    'third.yaml': 'port: 1\nport: 2\n',
    'connector.json': { module: './connector.mjs', port: 1, usr: 'me' },
    'connector.mjs': CONNECTOR,
    'sputnik.json': { logLevel: 'loud', timeouts: { landing: 5 } },
  });
  const { problems } = await check({ cf });
  const at = (file: string): string => join(cf, file);
  const unmet = problems.filter((problem) => problem.startsWith(`${at('blocks.json')}: block talker: `));
  assert.match(unmet.join(), /need.*"ear"/);
  assert.deepEqual(problems.filter((problem) => !unmet.includes(problem)).toSorted(), [
    `${at('blocks.json')}: [4]: block "ghost": module "./nowhere.mjs" not found (looked in ${at('nowhere.mjs')})`,
    `${at('connector.json')}: user: is missing, expected string`,
    `${at('connector.json')}: usr: unknown key, did you mean "user"?`,
    `${at('listener.json')}: host: expected string, received number`,
    `${at('listener.json')}: port: is missing, expected number`,
    `${at('listener.json')}: prot: unknown key, did you mean "port"?`,
    `${at('second.json')}: port: expected number, received string`,
    `${at('sputnik.json')}: logLevel: Invalid option: expected one of "debug"|"info"|"warn"|"error"`,
    `${at('sputnik.json')}: timeouts.landing: unknown key, did you mean "landingMs"?`,
    `${at('third.yaml')}:2:1: Map keys must be unique`,
  ]);
});

test('a file of variables that cannot be read does not hide what else is wrong', async () => {
  const cf = await folder({ 'blocks.json': {} });
  await symlink('nowhere', join(cf, 'x.env'));
  assert.deepEqual((await check({ cf })).problems, [
    `${join(cf, 'x.env')}: cannot be read: ENOENT: no such file or directory`,
    `${join(cf, 'blocks.json')}: expected array, received object`,
  ]);
});

test('a list of blocks that does not parse does not hide what else is wrong (hazard 38)', async () => {
  const cf = await folder({ 'blocks.json': '[', 'sputnik.yaml': 'logLevl: info' });
  const { problems } = await check({ cf });
  assert.deepEqual(problems, [
    `${join(cf, 'sputnik.yaml')}: logLevl: unknown key, did you mean "logLevel"?`,
    `${join(cf, 'blocks.json')}:1:2: expected a value, found the end of the file`,
  ]);
});

test('a configuration that has to be there and is not is named with the keys it must have', async () => {
  const cf = await folder({
    'blocks.json': [{ name: 'listener', responsibility: 'x', module: './b.mjs' }],
    'b.mjs': BLOCKS,
  });
  assert.deepEqual((await check({ cf })).problems, [
    `${join(cf, 'x.json')} or ${join(cf, 'listener.json')}: there is no such file; these keys have no default: port`,
  ]);
});

test('a connector must be exported once by a module that loads', async () => {
  const two = `${CONNECTOR}\nexport const another = defineConnector({ name: 'b', config: z.strictObject({}), make: () => ({}) });`;
  const cf = await folder({ 'blocks.json': [], 'two.mjs': two, 'none.mjs': BLOCKS });
  for (const [module, pattern] of [
    ['./two.mjs', /connector\.json: module: "\.\/two\.mjs" exports several server connectors, expected one$/],
    ['./none.mjs', /connector\.json: module: "\.\/none\.mjs" exports no server connector/],
    ['./nowhere.mjs', /connector\.json: module "\.\/nowhere\.mjs" not found/],
    [undefined, /connector\.json: module: is missing, expected string$/],
  ] as const) {
    const other = await folder({ 'blocks.json': [], 'connector.json': { module }, 'two.mjs': two, 'none.mjs': BLOCKS });
    const { problems } = await check({ cf: other });
    assert.equal(problems.length, 1, problems.join('\n'));
    assert.match(problems[0] ?? '', pattern);
  }
  assert.deepEqual((await check({ cf })).problems, [], 'without connector.json there is no server');
});

test('a block for a server is a problem where there is none, and not where its connector is merely broken', async () => {
  const files = { 'blocks.json': [{ name: 'producer' }] };
  assert.match(
    (await check({ cf: await folder(files) })).problems.join('\n'),
    /blocks\.json: block producer: .*connector/,
  );
  const broken = await check({ cf: await folder({ ...files, 'connector.json': { module: './nowhere.mjs' } }) });
  assert.equal(broken.problems.length, 1);
});

test('check makes blocks and connectors, and initialises and starts none', async () => {
  const seen: string[] = [];
  const note = (what: string) => () => void seen.push(what);
  const block = defineBlock({
    name: 'a',
    make: () => ({ init: note('init'), run: note('run'), finish: note('finish'), onServerConnect: note('connect') }),
  });
  const server: ServerConnector & { start(): void } = {
    start: note('start'),
    connect: note('connect'),
    isConnected: () => true,
    disconnect: note('disconnect'),
  };
  const connector = defineConnector({ name: 'c', config: z.strictObject({ url: z.string() }), make: () => server });
  const options = { blocks: [{ name: 'a' }], blockFactories: { a: block }, connector };
  assert.deepEqual(await check({ ...options, configs: { connector: { url: 'x' } } }), { problems: [], blocks: 1 });
  assert.deepEqual((await check(options)).problems, [
    'configs.connector: is not given; these keys have no default: url',
  ]);
  assert.deepEqual(seen, []);
});

test('a connector that cannot be made of its configuration is a problem like any other', async () => {
  const connector = defineConnector({
    name: 'c',
    config: z.strictObject({}),
    make: (): ServerConnector => {
      throw new Error('no such cipher');
    },
  });
  assert.deepEqual((await check({ blocks: [], connector })).problems, [
    'connector: "c" cannot be made of this configuration: no such cipher',
  ]);
});

test('what is no problem of the configuration but a bug is not taken for one', async () => {
  const config = z.string().transform(() => {
    throw new TypeError('a bug');
  });
  const connector = defineConnector({ name: 'c', config, make: (): ServerConnector => assert.fail() });
  await assert.rejects(check({ blocks: [], configs: { connector: 'x' }, connector }), TypeError);
});
