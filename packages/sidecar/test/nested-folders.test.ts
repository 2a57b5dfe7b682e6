import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { check } from '@sputnikjs/sidecar';
import { GENERIC } from '../dist/folder/block-factories.js';
import { askAgain, changesBetween } from '../dist/folder/changes.js';
import { usable } from '../dist/folder/problems.js';
import { setUp } from '../dist/folder/setup.js';
import { cliHere } from './helpers.js';

const HERE = fileURLToPath(new URL('.', import.meta.url));

/** Blocks of one module, for all folders. */
const BLOCKS = `
import { defineBlock } from '@sputnikjs/core';
import { z } from 'zod';
export const store = defineBlock({ name: 'store', make: () => ({ onMsg() {}, onServerConnect() {} }) });
export const deaf = defineBlock({ name: 'deaf', make: () => ({ run() {} }) });
export const door = defineBlock({
  name: 'door',
  config: z.strictObject({ port: z.int().default(514) }),
  needs: { store: 'store' },
  check: ({ port }) => ({ listens: [{ protocol: 'tcp', host: '127.0.0.1', port }] }),
  make: () => ({ onMsg() {}, init() { throw new Error('it was started'); } }),
});
export const server = { kind: 'connector', name: 'server', config: z.looseObject({}), make: () => ({ connect: () => 'c', isConnected: () => true, disconnect() {} }) };
`;
const STORE = { name: 'store', module: '../blocks.mjs' };
const DOOR = { name: 'door', module: '../blocks.mjs' };
const SERVER = { module: '../blocks.mjs' };

/** Folders beside one another, removed after the tests; the path of the folder that has them. */
async function folders(content: Readonly<Record<string, Readonly<Record<string, unknown>>>>): Promise<string> {
  const root = await mkdtemp(join(HERE, 'nested-'));
  after(() => rm(root, { recursive: true, force: true }));
  await writeFile(join(root, 'blocks.mjs'), BLOCKS);
  for (const [folder, files] of Object.entries(content)) {
    await mkdir(join(root, folder), { recursive: true });
    for (const [name, value] of Object.entries(files))
      await writeFile(join(root, folder, name), typeof value === 'string' ? value : JSON.stringify(value));
  }
  return root;
}

/** The problems of the folder `all`, by paths from the root. */
async function problemsOf(root: string): Promise<readonly string[]> {
  const { problems } = await check({ cf: join(root, 'all') });
  return problems.map((problem) => problem.replaceAll(`${root}/`, ''));
}

/** A folder that also flies alone. */
const ALONE = { 'blocks.json': [STORE, DOOR], 'connector.json': SERVER };

test('a folder that flies alone flies inside another, with the blocks and the server of that', async () => {
  const root = await folders({
    front: ALONE,
    all: {
      'blocks.json': [STORE, { satellite: 'front', folder: '../front', outer: ['store', 'connector'] }],
      'connector.json': SERVER,
    },
  });
  for (const folder of ['front', 'all']) assert.deepEqual((await check({ cf: join(root, folder) })).problems, []);
  const { value } = await setUp({ cf: join(root, 'all') });
  assert.deepEqual(
    value?.wiring.map(({ responsibility, needs, server }) => [responsibility, needs.map(({ to }) => to), server]),
    [
      ['store', [], ''],
      ['front/door', ['store'], undefined],
    ],
  );
});

test('C5: the same folder twice has two ports by variables, which begin with the name of the satellite', async () => {
  const entry = (satellite: string): object => ({ satellite, folder: '../front', outer: ['store', 'connector'] });
  const root = await folders({
    front: { ...ALONE, '.env': '', 'own.env': 'DOOR_PORT=1000\n' },
    all: {
      'blocks.json': [STORE, entry('one'), entry('two-b')],
      'connector.json': SERVER,
      'ports.env': 'TWO_B_DOOR_PORT=2000\n',
    },
  });
  const { value, problems } = await setUp({ cf: join(root, 'all') });
  assert.deepEqual(problems, []);
  assert.deepEqual(
    value?.wiring.map(({ responsibility, listens }) => `${responsibility} ${listens.map(({ port }) => port).join()}`),
    ['store ', 'one/door 1000', 'two-b/door 2000'],
  );
  const inForce = (await value?.configurations())?.find(({ name }) => name === 'two-b/door');
  assert.equal(inForce?.keys[0]?.source, `variable TWO_B_DOOR_PORT in ${join(root, 'all/ports.env')}`);
});

test('C2: problems of all levels are found in one run, each with its file', async () => {
  const root = await folders({
    front: {
      'blocks.json': [
        DOOR,
        { name: 'ghost' },
        { satellite: 'gone' },
        { satellite: 'deeper', folder: '../deeper', outer: ['nobody'] },
      ],
      'door.json': { port: 'x' },
    },
    deeper: { 'blocks.json': [{ ...DOOR, needs: { store: 'deaf' } }], 'dor.json': {}, 'own.env': 'DOR_PORT=1\n' },
    all: {
      'blocks.json': [
        { satellite: 'front', folder: '../front', outer: ['connector'] },
        STORE,
        { name: 'deaf', module: '../blocks.mjs' },
      ],
      'sputnik.json': { logLevl: 'info' },
    },
  });
  const found = await problemsOf(root);
  const expected = [
    /^all\/sputnik\.json: logLevl: unknown key, did you mean "logLevel"/,
    /^front\/blocks\.json: \[1\]: block "ghost": there is no such block/,
    /^front\/gone: cannot be read as a folder/,
    /^all\/blocks\.json: \[0\]\.outer: no enclosing satellite of "front" has "connector"/,
    /^front\/blocks\.json: \[3\]\.outer: no enclosing satellite of "deeper" has "nobody"/,
    /^all\/blocks\.json: block store: it has onServerConnect, which needs a server connector/,
    /^front\/door\.json: port: /,
    /^deeper\/blocks\.json: block door: its need "store" is unmet: block "deaf" takes no messages/,
    /^all\/blocks\.json: \[0\]: satellite "front" is listed before "store", which it needs/,
    /^deeper\/dor\.json: no block has this name or responsibility, did you mean "door"/,
    /^deeper\/own\.env: DOR_PORT: sets no key of any configuration, did you mean "DOOR_PORT"/,
  ];
  for (const pattern of expected)
    assert.ok(
      found.some((line) => pattern.test(line)),
      `${pattern} in\n${found.join('\n')}`,
    );
});

test('C2: a satellite that is inside itself is a problem, with the way', async () => {
  const root = await folders({
    all: { 'blocks.json': [{ satellite: 'a', folder: '../a' }] },
    a: { 'blocks.json': [{ satellite: 'b', folder: '../b' }] },
    b: { 'blocks.json': [{ satellite: 'again', folder: '../link' }] },
  });
  await symlink(join(root, 'a'), join(root, 'link'));
  assert.deepEqual(await problemsOf(root), ['b/blocks.json: [0].satellite: "again" is inside itself: a → b → a']);
});

test('C2: two levels that listen at one port are a problem', async () => {
  const root = await folders({
    front: ALONE,
    all: {
      'blocks.json': [STORE, { satellite: 'front', folder: '../front', outer: ['store', 'connector'] }, DOOR],
      'connector.json': SERVER,
    },
  });
  assert.deepEqual(await problemsOf(root), [
    'front/door.json: TCP port 514 on 127.0.0.1 is taken by "door"; give one of them another port',
  ]);
});

test('an entry of the list is a block or a satellite, and says what is wrong with it', async () => {
  const root = await folders({
    all: {
      'blocks.json': [
        { satellite: 'a/b' },
        { satellite: 'c', name: 'd' },
        { satellite: 'e', restart: { most: 0 } },
        { satellite: 'f', folder: 5 },
        { satellite: 'f', folder: '../all2' },
        { satellite: 'f', folder: '../all2' },
      ],
    },
    all2: { 'blocks.json': [] },
  });
  const found = await problemsOf(root);
  for (const pattern of [
    /\[0\]\.satellite: contains a slash/,
    /\[1\]\.name: unknown key/,
    /\[2\]\.restart\.most: /,
    /\[2\]\.restart\.withinMs: is missing/,
    /\[3\]\.folder: /,
    /its responsibility "f" is taken/,
  ])
    assert.ok(
      found.some((line) => pattern.test(line)),
      `${pattern} in\n${found.join('\n')}`,
    );
});

test('a reload names what has changed on each level', async () => {
  const entry = { satellite: 'front', folder: '../front', outer: ['store', 'connector'] };
  const root = await folders({ front: ALONE, all: { 'blocks.json': [STORE, entry], 'connector.json': SERVER } });
  const before = usable(await setUp({ cf: join(root, 'all') }));
  await writeFile(join(root, 'front/door.json'), JSON.stringify({ port: 515 }));
  await writeFile(join(root, 'front/blocks.json'), JSON.stringify([STORE, { ...DOOR, needs: { store: '../store' } }]));
  const again = [STORE, { ...entry, restart: { most: 1, withinMs: 5 } }];
  await writeFile(join(root, 'all/blocks.json'), JSON.stringify(again));
  const after = usable(await before.again());
  assert.deepEqual(await askAgain(before, after), []);
  const { changed } = await changesBetween(before, after, () => false);
  assert.deepEqual(
    changed.map(({ block, key, was, is }) => [block, key, JSON.stringify(was), JSON.stringify(is)]),
    [
      ['blocks', 'front', JSON.stringify(entry), JSON.stringify(again[1])],
      ['front/blocks', 'door', JSON.stringify(DOOR), JSON.stringify({ ...DOOR, needs: { store: '../store' } })],
      ['front/door', 'port', '514', '515'],
    ],
  );
});

test('check --connect tries the servers of all levels', async () => {
  const root = await folders({
    front: ALONE,
    all: {
      'blocks.json': [STORE, { satellite: 'front', folder: '../front', outer: ['store'] }],
      'connector.json': { module: '@sputnikjs/connector-mqtt', url: 'mqtt://127.0.0.1:1' },
    },
  });
  const cf = join(root, 'all');
  const { code, stdout, stderr } = await cliHere(['check', '--connect', '--cf', cf]);
  assert.equal(code, 1);
  assert.match(stderr.join('\n'), /^server: cannot connect to mqtt:\/\/127\.0\.0\.1:1/);
  assert.match(stdout.join('\n'), /^front\/server: logged in after \d+ ms/m);
  const json = JSON.parse((await cliHere(['check', '--connect', '--json', '--cf', cf])).stdout.join('\n')) as {
    readonly server: { readonly state: string };
    readonly satellites: Readonly<Record<string, { readonly state: string }>>;
  };
  assert.deepEqual([json.server.state, json.satellites['front']?.state], ['failed', 'found']);
});

test('check, graph and explain show nested satellites', async () => {
  const root = await folders({
    front: ALONE,
    all: {
      'blocks.json': [STORE, { satellite: 'front', folder: '../front', outer: ['store'] }],
      'connector.json': SERVER,
    },
  });
  const cf = join(root, 'all');
  assert.deepEqual((await cliHere(['check', '--cf', cf])).stdout, [`${cf}: ok, 2 blocks`]);
  assert.deepEqual((await cliHere(['graph', '--cf', cf])).stdout, [
    'front/door, listens at tcp 127.0.0.1:514',
    '└─▶ store',
    '    └── server',
    '',
    'server        ../blocks.mjs',
    'front/server  ../blocks.mjs',
    'boot          store → front/door; landing goes the other way',
  ]);
  const { stdout } = await cliHere(['explain', 'front/door.port', '--cf', cf]);
  assert.ok(
    stdout.some((line) => /FRONT_DOOR_PORT/.test(line)),
    stdout.join('\n'),
  );
  assert.ok(relative(root, cf) === 'all');
});

test('blocks that need no module need none in a thread either', async () => {
  const root = await folders({
    front: {
      'blocks.json': Object.keys(GENERIC).map((name) => ({ name })),
      'bridge.json': { name: 'b', routes: [{ from: 'a', to: 'b' }] },
      'consumer.json': { sources: ['a'] },
      'connector.json': { module: '@sputnikjs/connector-mqtt', url: 'mqtt://127.0.0.1:1' },
    },
    all: { 'blocks.json': [{ satellite: 'front', folder: '../front', place: 'thread' }] },
  });
  const found = await problemsOf(root);
  assert.deepEqual(
    found.filter((line) => /comes from code|there is no such block/.test(line)),
    [],
  );
  assert.ok(Object.keys(GENERIC).includes('requester'));
});
