import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { check } from '@sputnikjs/sidecar';
import { BLOCKS } from './fixtures.js';
import { cliHere, folder } from './helpers.js';

interface Schema {
  readonly $schema?: string;
  readonly title?: string;
  readonly type?: string;
  readonly properties?: Readonly<Record<string, { readonly const?: unknown; readonly description?: string }>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly Schema[];
  readonly items?: Schema;
}

async function schemaOf(name: string, ...args: readonly string[]): Promise<Schema> {
  const { code, stdout, stderr } = await cliHere(['schema', name, ...args]);
  assert.deepEqual([code, stderr], [0, []]);
  return JSON.parse(stdout.join('\n')) as Schema;
}

test('schema lists the configurations that there are', async () => {
  const { code, stdout } = await cliHere(['schema']);
  assert.equal(code, 0);
  for (const name of ['sputnik', 'blocks', 'connector', 'producer', 'httpgateway'])
    assert.ok(stdout.includes(name), name);
});

test('schema writes what a file may have in it, for editors, with the key that leads them there', async () => {
  const { $schema, title, properties } = await schemaOf('sputnik');
  assert.deepEqual([$schema, title], ['https://json-schema.org/draft/2020-12/schema', 'sputnik']);
  assert.deepEqual(Object.keys(properties ?? {}), ['$schema', 'name', 'logLevel', 'timeouts', 'landing', 'admin']);
  const blocks = await schemaOf('blocks');
  assert.deepEqual(
    [blocks.type, ...(blocks.items?.anyOf ?? []).map((one) => Object.keys(one.properties ?? {}))],
    [
      'array',
      ['name', 'responsibility', 'module', 'needs'],
      ['satellite', 'folder', 'outer', 'restart', 'place', 'clone', 'heapMb'],
    ],
  );
});

test('without a folder a connector may be any of ours, each with its own keys', async () => {
  const { anyOf = [] } = await schemaOf('connector');
  const modules = anyOf.map(({ properties }) => properties?.['module']?.const);
  assert.deepEqual(
    modules,
    ['amqp', 'mqtt', 'nats', 'redis'].map((server) => `@sputnikjs/connector-${server}`),
  );
});

test('of a folder schema writes those of its blocks and its connector, whatever is wrong with their values', async () => {
  const cf = await folder({
    'blocks.json': [{ name: 'listener', module: './blocks.mjs', responsibility: 'front' }],
    'blocks.mjs': BLOCKS,
    'connector.json': { module: '@sputnikjs/connector-redis', url: 5 },
  });
  assert.deepEqual(Object.keys((await schemaOf('front', '--cf', cf)).properties ?? {}), [
    '$schema',
    'port',
    'host',
    'password',
  ]);
  const { properties, required } = await schemaOf('connector', '--cf', cf);
  assert.ok(properties?.['module'] && properties['claimAfterMs']);
  assert.deepEqual(required, ['module', 'url']);
});

test('schema says what there is if there is none of that name', async () => {
  const { code, stdout, stderr } = await cliHere(['schema', 'sputnk']);
  assert.deepEqual([code, stdout, stderr[0]], [78, [], 'there is no configuration "sputnk", did you mean "sputnik"?']);
  assert.match(stderr[1] ?? '', /^known: blocks, sputnik, /);
  const missing = await cliHere(['schema', '--cf', '/nowhere']);
  assert.equal(missing.code, 78);
  assert.match(missing.stderr.join(), /cannot be read as a folder/);
});

test('each file may say where its schema is', async () => {
  const $schema = './x.schema.json';
  const cf = await folder({
    'blocks.json': [{ name: 'listener', module: './blocks.mjs' }],
    'blocks.mjs': BLOCKS,
    'listener.yaml': `$schema: ${$schema}\nport: 1\n`,
    'sputnik.json': { $schema, logLevel: 'debug' },
    'connector.json': { $schema, module: '@sputnikjs/connector-mqtt', embedded: true },
  });
  assert.deepEqual((await check({ cf })).problems, []);
  // a key of that name that is no text is none of ours
  const bad = await folder({ 'blocks.json': [], 'sputnik.json': { $schema: 5 } });
  assert.deepEqual((await check({ cf: bad })).problems, [
    `${join(bad, 'sputnik.json')}: $schema: unknown key, expected one of name, logLevel, timeouts, landing, admin`,
  ]);
});
