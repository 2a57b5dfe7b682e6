import assert from 'node:assert/strict';
import { chmod, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { defineBlock, SputnikError, type BlockDefinition, type ServerConnector } from '@sputnikjs/core';
import { defineConnector } from '@sputnikjs/messaging';
import { check } from '@sputnikjs/sidecar';
import { z } from 'zod';
import { BLOCKS, CONNECTOR } from './fixtures.js';
import { Cli, cli, folder } from './helpers.js';

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

test('a configuration that does not parse, of a block that checks more than its schema, is a problem as well', async () => {
  const checking = defineBlock({ name: 'checking', check: () => ({ problems: ['not this one'] }), make: () => ({}) });
  const cf = await folder({ 'blocks.json': [{ name: 'checking' }], 'checking.json': '{' });
  const { problems } = await check({ cf, blockFactories: { checking } });
  assert.equal(problems.filter((problem) => problem.startsWith(`${join(cf, 'checking.json')}:1:2: `)).length, 1);
});

test('a problem is one line that a terminal can be given, whatever names a file has in it', async () => {
  const cf = await folder({ 'blocks.json': [{ name: 'pro\nducer' }], 'sputnik.yaml': '"log\\eLevel": info' });
  const { problems } = await check({ cf });
  assert.equal(problems.length, 2, problems.join());
  for (const problem of problems) assert.ok(!/\p{Cc}/u.test(problem), JSON.stringify(problem));
  assert.match(problems.join(), /log\\u001bLevel/);
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
  assert.deepEqual(await check({ ...options, configs: { connector: { url: 'x' } } }), {
    problems: [],
    warnings: [],
    blocks: [{ name: 'a', responsibility: 'a' }],
  });
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
    'connector: "c" cannot be made from this configuration: no such cipher',
  ]);
});

test('what is no problem of the configuration but a bug is not taken for one', async () => {
  const config = z.string().transform(() => {
    throw new TypeError('a bug');
  });
  const connector = defineConnector({ name: 'c', config, make: (): ServerConnector => assert.fail() });
  await assert.rejects(check({ blocks: [], configs: { connector: 'x' }, connector }), TypeError);
});

/** A block that says what is wrong with its folder, where it listens, and what it needs. */
const INSPECTED = `
import { existsSync } from 'node:fs';
import { defineBlock, SputnikError } from '@sputnikjs/core';
import { z } from 'zod';

export const door = defineBlock({
  name: 'door',
  config: z
    .strictObject({ host: z.string().default('127.0.0.1'), port: z.number(), certFile: z.string().optional() })
    .refine(({ port }) => port >= 0, 'port must be positive'),
  needs: { store: 'store' },
  async check({ host, port, certFile }, read) {
    const routes = await read('doorroutes', z.array(z.string().startsWith('/')).or(z.strictObject({}).transform(() => [])));
    return {
      problems: certFile !== undefined && !existsSync(certFile) ? ['certFile: there is no file ' + certFile] : [],
      listens: [{ protocol: 'tcp', host, port }, ...routes.map(() => ({ protocol: 'udp', host, port: 1 }))],
    };
  },
  make: () => ({}),
});
export const store = defineBlock({ name: 'store', make: () => ({ onMsg() {} }) });
export const ring = defineBlock({ name: 'ring', needs: { other: 'ring2' }, make: () => ({ onMsg() {} }) });
`;

async function problemsOf(files: Readonly<Record<string, unknown>>): Promise<readonly string[]> {
  const cf = await folder({ 'inspected.mjs': INSPECTED, ...files });
  return (await check({ cf })).problems.map((problem) => problem.replaceAll(`${cf}/`, ''));
}

const [store, door] = ['store', 'door'].map((name) => ({ name, module: './inspected.mjs' }));

test('what only the block itself can find is a problem like any other, and so is what it reads later (hashicorp/consul#23828)', async () => {
  assert.deepEqual(
    await problemsOf({
      'blocks.json': [store, door],
      'door.json': { port: 1, certFile: '/nowhere/cert.pem' },
      'doorroutes.json': [],
    }),
    ['door.json: certFile: there is no file /nowhere/cert.pem'],
  );
  assert.deepEqual(
    await problemsOf({ 'blocks.json': [store, door], 'door.json': { port: 1 }, 'doorroutes.json': ['x'] }),
    ['doorroutes.json: [0]: Invalid string: must start with "/"'],
  );
});

test('a block listed without a responsibility has the address that it declares: for its configuration, its needs, its place', async () => {
  const made: string[] = [];
  const shop = defineBlock({
    name: 'shop',
    address: 'store',
    config: z.strictObject({ n: z.number() }),
    check: ({ n }) => ({ listens: [{ protocol: 'tcp', host: '127.0.0.1', port: n }] }),
    make: ({ n }, _to, { descriptor }) => (made.push(`${descriptor.responsibility} ${n}`), { onMsg() {} }),
  });
  const buyer = defineBlock({ name: 'buyer', needs: { store: 'store' }, make: () => ({}) });
  const blockFactories = { shop, buyer };
  const blocks = [{ name: 'shop' }, { name: 'shop', responsibility: 'second' }, { name: 'buyer' }];
  const options = { blocks, blockFactories, configs: { shop: { n: 1 }, store: { n: 2 } } };
  assert.deepEqual(await check(options), {
    problems: [],
    warnings: [],
    blocks: [
      { name: 'shop', responsibility: 'store' },
      { name: 'shop', responsibility: 'second' },
      { name: 'buyer', responsibility: 'buyer' },
    ],
  });
  assert.deepEqual(made, ['store 2', 'second 1']);
  const { problems } = await check({ ...options, blocks: blocks.toReversed(), configs: { shop: { n: 1 } } });
  assert.deepEqual(problems, [
    'configs.blocks: [0]: block "buyer" is listed before "store", which it needs; list it after that',
    'configs.shop: TCP port 1 on 127.0.0.1 is taken by "second"; give one of them another port',
  ]);
});

test('of two blocks that declare one address the second is the problem, and each is checked with its own configuration', async () => {
  const named = (name: string, key: string): BlockDefinition =>
    defineBlock({
      name,
      address: 'receiver',
      config: z.strictObject({ [key]: z.string() }),
      make: () => ({ onMsg() {} }),
    });
  const options = {
    blockFactories: { hook: named('hook', 'url'), bridge: named('bridge', 'routes') },
    configs: { hook: { url: 'a' }, bridge: { routes: 'b' } },
  };
  const blocks = [{ name: 'hook' }, { name: 'bridge' }];
  assert.deepEqual((await check({ ...options, blocks })).problems, [
    'configs.blocks: block receiver (bridge): its responsibility "receiver" is taken by block "hook"; give each block its own',
  ]);
  const apart = [{ name: 'hook' }, { name: 'bridge', responsibility: 'bridge' }];
  assert.deepEqual((await check({ ...options, blocks: apart })).problems, []);
});

test('two that listen at one place are a problem, by whatever name they call it (vectordotdev/vector#5013)', async () => {
  const second = { ...door, responsibility: 'second' };
  const two = (first: object, other: object): Promise<readonly string[]> =>
    problemsOf({ 'blocks.json': [store, door, second], 'door.json': first, 'second.json': other });
  for (const [one, other] of [
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1', 'localhost'],
    ['0.0.0.0', '127.0.0.1'],
    ['::', '127.0.0.1'],
    ['::1', '::'],
  ])
    assert.deepEqual(await two({ host: one, port: 8080 }, { host: other, port: 8080 }), [
      `second.json: TCP port 8080 on ${other} is taken by "door"; give one of them another port`,
    ]);
  assert.deepEqual(await two({ port: 8080 }, { port: 8081 }), []);
  assert.deepEqual(await two({ port: 0 }, { port: 0 }), [], 'each takes one that is free');
  assert.deepEqual(await two({ host: '::1', port: 1 }, { host: '0.0.0.0', port: 1 }), []);
  assert.match(
    (
      await problemsOf({ 'blocks.json': [store, door], 'door.json': { port: 2 }, 'doorroutes.json': ['/', '/'] })
    ).join(),
    /UDP port 1 .* taken by another listener of this block/,
  );
});

test('the place where the connector listens is taken, too, and what its check finds is a problem', async () => {
  const connector = `
import { defineConnector } from '@sputnikjs/messaging';
import { z } from 'zod';
export const connector = defineConnector({
  name: 'own',
  config: z.strictObject({ port: z.number(), file: z.string().optional() }),
  check: ({ port, file }) => ({
    problems: file === undefined ? [] : ['file: there is no file ' + file],
    listens: [{ protocol: 'tcp', host: '127.0.0.1', port }],
  }),
  make: () => ({ connect: () => ({}), isConnected: () => true, disconnect() {} }),
});`;
  const files = { 'blocks.json': [store, door], 'door.json': { port: 7 }, 'connector.mjs': connector };
  assert.deepEqual(await problemsOf({ ...files, 'connector.json': { module: './connector.mjs', port: 7 } }), [
    'door.json: TCP port 7 on 127.0.0.1 is taken by "connector"; give one of them another port',
  ]);
  assert.deepEqual(
    await problemsOf({ ...files, 'connector.json': { module: './connector.mjs', port: 8, file: 'x' } }),
    ['connector.json: file: there is no file x'],
  );
});

test('a block that stands before one that it needs is a problem, unless they need each other (B1)', async () => {
  assert.deepEqual(await problemsOf({ 'blocks.json': [door, store], 'door.json': { port: 1 } }), [
    'blocks.json: [0]: block "door" is listed before "store", which it needs; list it after that',
  ]);
  const rewired = [{ ...door, needs: { store: 'behind' } }, store, { ...store, responsibility: 'behind' }];
  assert.deepEqual(await problemsOf({ 'blocks.json': rewired, 'door.json': { port: 1 } }), [
    'blocks.json: [0]: block "door" is listed before "behind", which it needs; list it after that',
  ]);
  const ring = { name: 'ring', module: './inspected.mjs' };
  const circle = [
    { ...ring, needs: { other: 'ring2' } },
    { ...ring, responsibility: 'ring2', needs: { other: 'ring' } },
  ];
  assert.deepEqual(await problemsOf({ 'blocks.json': circle }), []);
});

test('a misspelt variable in a file of the folder, and a misspelt file that only a block reads, are named', async () => {
  const files = { 'blocks.json': [store, door], 'door.json': { port: 1 } };
  assert.deepEqual(await problemsOf({ ...files, 'a.env': 'DOOR_PROT=5\nSPUTNIK_LOGLEVEL=debug\nMY_OWN=1\n' }), [
    'a.env: DOOR_PROT: sets no key of any configuration, did you mean "DOOR_PORT"?',
  ]);
  assert.deepEqual(await problemsOf({ ...files, 'doorroute.json': [] }), [
    'doorroute.json: no block has this name or responsibility, did you mean "doorroutes"?',
  ]);
});

test('what a schema finds wrong with a configuration as a whole says where', async () => {
  const files = { 'blocks.json': [store, door] };
  assert.deepEqual(await problemsOf({ ...files, 'door.json': { port: -1 } }), ['door.json: port must be positive']);
  assert.deepEqual(await problemsOf({ ...files, 'a.env': 'DOOR_PORT=-1' }), ['door.json: port must be positive']);
});

test('run finds what check finds, and ends with 78', async () => {
  const cf = await folder({ 'inspected.mjs': INSPECTED, 'blocks.json': [door, store], 'door.json': { port: 1 } });
  const [checked, ran] = [await cli(['check', '--cf', cf]), await cli(['run', '--cf', cf])];
  assert.deepEqual([checked.code, ran.code], [78, 78]);
  assert.deepEqual(ran.stderr, checked.stderr);
});

test('an error of a check that is no problem of the configuration is not taken for "nothing is wrong"', async () => {
  const broken = defineBlock({
    name: 'broken',
    check: () => {
      throw new SputnikError('BLOCK_FAILED', 'a bug');
    },
    make: () => ({}),
  });
  const options = { blocks: [{ name: 'broken' }], blockFactories: { broken } };
  await assert.rejects(check(options), { code: 'BLOCK_FAILED', message: 'a bug' });
});

test('a file of a variable that everybody can read is a warning, of check and in the log of run', async () => {
  const files = {
    'blocks.json': [{ name: 'listener', module: './blocks.mjs' }],
    'blocks.mjs': BLOCKS,
    'listener.json': { port: 0 },
    'a.env': 'LISTENER_PASSWORD_FILE=secret',
    secret: 'hunter2',
  };
  const cf = await folder(files);
  const secret = join(cf, 'secret');
  await chmod(secret, 0o600);
  assert.deepEqual((await check({ cf })).warnings, []);
  await chmod(secret, 0o644);
  const text = `everybody on this machine can read ${secret}, which contains a secret; run: chmod o-r ${secret}`;
  const { code, stderr } = await cli(['check', '--cf', cf]);
  assert.deepEqual([code, stderr], [0, [`warning: ${text}`]]);
  const run = new Cli(['run', '--cf', cf]);
  const { level, msg } = await run.event('readableSecret');
  assert.deepEqual([level, msg], ['warn', text]);
  await run.event('launched');
  run.child.kill('SIGTERM');
  assert.equal(await run.end(), 0);
});

test('a block whose name is the address of another one does not get the configuration of that', async () => {
  const block = (name: string, key: string) =>
    defineBlock({ name, config: z.strictObject({ [key]: z.int().default(1) }), make: () => ({}) });
  const blocks = [
    { name: 'producer', responsibility: 'uplink' },
    { name: 'store', responsibility: 'producer' },
  ];
  const blockFactories = { producer: block('producer', 'capacity'), store: block('store', 'size') };
  assert.deepEqual((await check({ blocks, blockFactories, configs: { store: { size: 2 } } })).problems, []);
  const uplink = { capacity: 'x' };
  const { problems } = await check({ blocks, blockFactories, configs: { store: { size: 2 }, uplink } });
  assert.equal(problems.length, 1);
});
