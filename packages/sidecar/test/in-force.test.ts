import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StandardSchemaV1 } from '@sputnikjs/core';
import { z } from 'zod';
import { Configuration } from '../dist/folder/configuration.js';
import type { Layer } from '../dist/folder/environment.js';
import type { KeyInForce } from '../dist/folder/in-force.js';
import { CodeReader } from '../dist/folder/reader.js';
import { setUp } from '../dist/folder/setup.js';
import { soundsSecret } from '../dist/text.js';
import { BLOCKS } from './fixtures.js';
import { folder } from './helpers.js';

interface Given {
  readonly raw?: unknown;
  readonly variables?: Readonly<Record<string, string>>;
  readonly layers?: readonly Layer[];
}

/** The keys in force of a configuration `web` that was loaded by these schemas. */
async function keysOf(
  { raw, variables = {}, layers }: Given,
  ...schemas: StandardSchemaV1[]
): Promise<readonly KeyInForce[]> {
  const process = { origin: 'process', label: 'environment', base: '/', prefix: '', variables } as const;
  const configuration = new Configuration(new CodeReader(raw === undefined ? {} : { web: raw }), layers ?? [process]);
  for (const schema of schemas) await configuration.load(['web'], schema);
  const [web] = await configuration.inForce();
  return web?.keys ?? [];
}

/** The same, as `path = value (source)`. */
async function linesOf(given: Given, ...schemas: StandardSchemaV1[]): Promise<readonly string[]> {
  const keys = await keysOf(given, ...schemas);
  return keys.map(({ path, value, source }) => `${path} = ${JSON.stringify(value)} (${source})`);
}

const FILE = 'file configs.web';

test('each key is listed with its value, and with what has set it: the file, a variable, or a default', async () => {
  const schema = z.strictObject({
    port: z.int().default(80),
    host: z.string().default('127.0.0.1'),
    tls: z.strictObject({ depth: z.int().default(3), caFile: z.string().optional() }).prefault({}),
    mode: z.string().optional(),
    routes: z.array(z.strictObject({ path: z.string(), retry: z.boolean().default(true) })),
    tags: z.array(z.string()),
  });
  const raw = { host: '::', routes: [{ path: '/a' }, { path: '/b', retry: false }], tags: ['x', 'y'] };
  assert.deepEqual(await linesOf({ raw, variables: { WEB_PORT: '8080', WEB_TLS_CA_FILE: '/ca.pem' } }, schema), [
    'port = 8080 (variable WEB_PORT)',
    `host = "::" (${FILE})`,
    'tls.depth = 3 (default)',
    'tls.caFile = "/ca.pem" (variable WEB_TLS_CA_FILE)',
    `routes[0].path = "/a" (${FILE})`,
    'routes[0].retry = true (default)',
    `routes[1].path = "/b" (${FILE})`,
    `routes[1].retry = false (${FILE})`,
    `tags = ["x","y"] (${FILE})`,
  ]);
});

test('what is in a value that a variable sets as a whole comes from that variable, unless another one sets it', async () => {
  const schema = z.strictObject({ tls: z.strictObject({ a: z.int(), b: z.int(), c: z.int().default(3) }) });
  const variables = { WEB_TLS: '{"a":1,"b":2}', WEB_TLS_B: '5' };
  assert.deepEqual(await linesOf({ raw: { tls: { a: 7, b: 7 } }, variables }, schema), [
    'tls.a = 1 (variable WEB_TLS)',
    'tls.b = 5 (variable WEB_TLS_B)',
    'tls.c = 3 (default)',
  ]);
});

test('a variable of the folder is told with its file; what code configures comes from code', async () => {
  const env: Layer = { origin: 'folder', prefix: '', label: 'conf/10.env', base: '/', variables: { WEB_PORT: '1' } };
  const schema = z.strictObject({ port: z.int(), host: z.string() });
  assert.deepEqual(await linesOf({ raw: { host: 'a' }, layers: [env] }, schema), [
    'port = 1 (variable WEB_PORT in conf/10.env)',
    `host = "a" (${FILE})`,
  ]);
  assert.deepEqual(await linesOf({ raw: { port: 1, host: 'a' }, layers: [] }, schema), [
    'port = 1 (code)',
    'host = "a" (code)',
  ]);
});

test('a default that does not go together with what is given is none', async () => {
  const schema = z
    .strictObject({
      url: z.string().optional(),
      port: z.int().meta({ default: 1883 }).optional(),
      listeners: z.array(z.strictObject({ unix: z.boolean(), mode: z.string().meta({ default: '0666' }).optional() })),
    })
    .superRefine(({ url, port, listeners }, ctx) => {
      if (url !== undefined && port !== undefined) ctx.addIssue({ code: 'custom', path: ['port'], message: 'either' });
      for (const [i, { unix, mode }] of listeners.entries())
        if (!unix && mode !== undefined)
          ctx.addIssue({ code: 'custom', path: ['listeners', i, 'mode'], message: 'no' });
    });
  const listeners = [{ unix: true }, { unix: false }];
  const listed = [
    `listeners[0].unix = true (${FILE})`,
    'listeners[0].mode = "0666" (default)',
    `listeners[1].unix = false (${FILE})`,
  ];
  assert.deepEqual(await linesOf({ raw: { listeners } }, schema), ['port = 1883 (default)', ...listed]);
  assert.deepEqual(await linesOf({ raw: { url: 'a:', listeners } }, schema), [`url = "a:" (${FILE})`, ...listed]);
});

test('of alternatives the defaults of the one count that was chosen', async () => {
  const schema = z.strictObject({
    store: z.union([
      z.looseObject({ kind: z.literal('disk'), sync: z.boolean().default(true) }),
      z.looseObject({ kind: z.literal('memory'), most: z.int().default(5) }),
    ]),
  });
  assert.deepEqual(await linesOf({ raw: { store: { kind: 'memory' } } }, schema), [
    `store.kind = "memory" (${FILE})`,
    'store.most = 5 (default)',
  ]);
});

test('of a schema that cannot tell its keys, defaults are what it has added', async () => {
  const schema: StandardSchemaV1 = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) => ({ value: { port: 80, at: new Date(0), inner: { a: 1, b: 2 }, ...(value as object) } }),
    },
  };
  assert.deepEqual(await linesOf({ raw: { inner: { a: 5 } } }, schema), [
    'port = 80 (default)',
    `inner.a = 5 (${FILE})`,
  ]);
  assert.deepEqual(await linesOf({ raw: { host: 'a' } }, schema), [
    'port = 80 (default)',
    'inner.a = 1 (default)',
    'inner.b = 2 (default)',
    `host = "a" (${FILE})`,
  ]);
});

test('a configuration that several schemas read is listed once, with the keys of all', async () => {
  const first = z.looseObject({ module: z.string() });
  const second = z.looseObject({ port: z.int().default(80), word: z.string().meta({ writeOnly: true }) });
  assert.deepEqual(await linesOf({ raw: { module: 'm', word: 'hunter2' } }, first, second, second), [
    `module = "m" (${FILE})`,
    `word = "***" (${FILE})`,
    'port = 80 (default)',
  ]);
});

test('a configuration that is not there has its defaults, an empty one has no keys', async () => {
  assert.deepEqual(await linesOf({}, z.strictObject({ port: z.int().default(80) })), ['port = 80 (default)']);
  assert.deepEqual(await linesOf({}, z.strictObject({ port: z.int().optional() })), []);
  assert.deepEqual(await linesOf({ raw: ['a', 'b'] }, z.array(z.string())), [` = ["a","b"] (${FILE})`]);
});

test('a value that holds itself ends', async () => {
  const raw: Record<string, unknown> = { port: 1 };
  raw['inner'] = raw;
  const schema = z.looseObject({ port: z.int(), inner: z.unknown(), no: z.int().meta({ default: 'x' }).optional() });
  const keys = await keysOf({ raw }, schema);
  assert.ok(keys.some(({ value }) => value === '…'));
  assert.ok(!keys.some(({ path }) => path === 'no'));
});

const secrets = async (given: Given, schema: StandardSchemaV1): Promise<readonly string[]> => {
  const keys = await keysOf(given, schema);
  // what is hidden says so, and nothing else does
  for (const { value, secret } of keys) assert.equal(JSON.stringify(value).includes('***'), secret);
  assert.doesNotMatch(JSON.stringify(keys), /hunter2/);
  return keys.filter(({ secret }) => secret).map(({ path, value }) => `${path} ${JSON.stringify(value)}`);
};

test('what a schema says is write-only is never shown, with all that is in it, whoever has set it', async () => {
  const schema = z.strictObject({
    word: z.string().meta({ writeOnly: true }).default('hunter2'),
    other: z.string().meta({ writeOnly: true }),
    logins: z.record(z.string(), z.string()).meta({ writeOnly: true }),
    users: z.array(z.strictObject({ name: z.string(), word: z.string().meta({ writeOnly: true }) })),
    headers: z.record(z.string(), z.string().meta({ writeOnly: true })),
    either: z.union([z.string().meta({ writeOnly: true }), z.int()]),
  });
  const raw = {
    other: 'hunter2',
    logins: { hunter2: 'x' },
    users: [{ name: 'me', word: 'hunter2' }],
    headers: { 'x-a': 'hunter2' },
    either: 'hunter2',
  };
  const found = ['word', 'other', 'logins', 'users[0].word', 'headers.x-a', 'either'].map((path) => `${path} "***"`);
  assert.deepEqual(await secrets({ raw }, schema), found);
  assert.deepEqual(await secrets({ raw, variables: { WEB_OTHER: 'hunter2hunter2' } }, schema), found);
});

test('where a schema says nothing the name decides; where it says that it is no secret it is none', async () => {
  const schema = z.looseObject({
    keyFile: z.string().meta({ writeOnly: false }),
    tokens: z.array(z.strictObject({ file: z.string(), password: z.string() })).meta({ writeOnly: false }),
  });
  const raw = {
    keyFile: '/key.pem',
    tokens: [{ file: '/token', password: 'hunter2' }],
    password: 'hunter2',
    auth: { user: 'hunter2' },
    list: [{ apiKey: 'hunter2' }],
    credentials: { hunter2: { a: 1 } },
  };
  const found = ['tokens[0].password', 'password', 'auth', 'list[0].apiKey', 'credentials'];
  assert.deepEqual(
    await secrets({ raw }, schema),
    found.map((path) => `${path} "***"`),
  );
});

test('names of secrets are known in any spelling', () => {
  const names = ['password', 'DB_PASSWD', 'passphrase', 'apikey', 'API-KEY', 'clientSecret', 'accessToken', 'nkeySeed'];
  names.push('awsCredentials', 'creds', 'auth', 'authPass', 'jwt', 'dsn', 'cookie', 'SIGNING_SALT', 'pin', 'bearer');
  for (const name of names) assert.ok(soundsSecret(name), name);
  for (const name of ['host', 'passive', 'bypass', 'author', 'seeds2', 'target', 'pinned', 'caFile', 'routing'])
    assert.ok(!soundsSecret(name), name);
});

test('what came from the file that a variable names is a secret, whatever the key is called', async () => {
  const cf = await folder({});
  await writeFile(join(cf, 'host'), 'hunter2\n');
  const schema = z.strictObject({ host: z.string().meta({ writeOnly: false }), port: z.int().default(1) });
  const given = { variables: { WEB_HOST_FILE: join(cf, 'host') } };
  assert.deepEqual(await secrets(given, schema), ['host "***"']);
  assert.deepEqual((await linesOf(given, schema))[0], 'host = "***" (variable WEB_HOST_FILE)');
});

test('a URL is shown without the password that it carries, in a list, too', async () => {
  const raw = {
    url: 'nats://me:hunter2@a:4222',
    urls: ['nats://b', 'nats://me:hunter2@c'],
    plain: 'nats://me@d',
    hook: 'https://h/?sig=1&token=hunter2',
  };
  assert.deepEqual(await secrets({ raw }, z.looseObject({})), [
    'url "nats://me:***@a:4222"',
    'urls ["nats://b","nats://me:***@c"]',
    'hook "https://h/?sig=1&token=***"',
  ]);
});

test('a satellite tells the configurations of itself, its connector and each of its blocks, by responsibility', async () => {
  const cf = await folder({
    'blocks.json': [
      { name: 'listener', module: './blocks.mjs' },
      { name: 'listener', responsibility: 'second', module: './blocks.mjs' },
      { name: 'original', module: './blocks.mjs' },
    ],
    'blocks.mjs': BLOCKS,
    'listener.json': { port: 1, password: 'hunter2' },
    'second.json': { port: 2 },
    'elsewhere.json': { url: 'http://me:hunter2@a' },
    'connector.json': { module: '@sputnikjs/connector-nats', url: 'nats://a', username: 'me', password: 'hunter2' },
  });
  const { value, problems } = await setUp({ cf });
  assert.deepEqual(problems, []);
  const found = (await value?.configurations()) ?? [];
  assert.deepEqual(
    found.map(({ name }) => name),
    ['sputnik', 'connector', 'listener', 'second'],
  );
  const lines = found.flatMap(({ name, keys }) =>
    keys.map((key) => `${name}: ${key.path} ${JSON.stringify(key.value)} ${key.source}`),
  );
  for (const line of [
    'sputnik: timeouts.landingMs 25000 default',
    `connector: password "***" file ${join(cf, 'connector.json')}`,
    'connector: inFlight 4096 default',
    `listener: password "***" file ${join(cf, 'listener.json')}`,
    `second: port 2 file ${join(cf, 'second.json')}`,
    'second: host "127.0.0.1" default',
  ])
    assert.ok(lines.includes(line), `${line}\n${lines.join('\n')}`);
  // what a block reads when it boots is there from then on
  const elsewhere = z.strictObject({ url: z.string() });
  await value?.sputnik.config?.('elsewhere', elsewhere);
  const later = (await value?.configurations())?.find(({ name }) => name === 'elsewhere');
  assert.deepEqual(
    later?.keys.map((key) => key.value),
    ['http://me:***@a'],
  );
});
