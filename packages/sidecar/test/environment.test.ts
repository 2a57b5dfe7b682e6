import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { StandardSchemaV1 } from '@sputnikjs/core';
import { z } from 'zod';
import { override, spellings, type Layer, type Overridden } from '../dist/folder/environment.js';
import { settableKeys } from '../dist/folder/known-keys.js';
import { folder } from './helpers.js';

function layer(variables: Record<string, string>, label = 'environment', base = '/'): Layer {
  return { label, origin: 'process' as const, base, prefix: '', variables };
}

/** What {@link override} gives, its problems as a list. */
type Applied = Omit<Overridden, 'problems'> & { readonly problems: readonly string[] };

function apply(schema: StandardSchemaV1, raw: unknown, ...layers: (Layer | Record<string, string>)[]): Applied {
  const all = layers.map((one) => ('variables' in one ? (one as Layer) : layer(one)));
  const result = override('example', raw, settableKeys(schema, raw), all);
  return { ...result, problems: [...result.problems.values()] };
}

/** A schema that cannot tell its keys. */
const mute: StandardSchemaV1 = { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } };

const schema = z.strictObject({
  kName: z.string().optional(),
  port: z.number().default(80),
  on: z.boolean().default(false),
  hosts: z.array(z.string()).default([]),
  tls: z.strictObject({ caFile: z.string(), depth: z.int() }).optional(),
  level: z.enum(['low', 'high']).default('low'),
  limit: z.number().nullable().default(null),
  either: z.union([z.number(), z.string()]).optional(),
  password: z.string().optional(),
});

test('key kName of configuration example is EXAMPLE_K_NAME, and the original EXAMPLE_KNAME', () => {
  assert.deepEqual(apply(schema, { port: 1 }, { EXAMPLE_K_NAME: 'a' }).value, { port: 1, kName: 'a' });
  assert.deepEqual(apply(schema, undefined, { EXAMPLE_KNAME: 'b' }).value, { kName: 'b' });
});

test('variables are spelled by words, and every other character is an underscore', () => {
  assert.deepEqual(spellings('example', ['kName']), ['EXAMPLE_K_NAME', 'EXAMPLE_KNAME']);
  assert.deepEqual(spellings('my-conf.2', ['port']), ['MY_CONF_2_PORT']);
  assert.deepEqual(spellings('x', ['caURLPath']), ['X_CA_URL_PATH', 'X_CAURLPATH']);
  assert.ok(spellings('webHook', ['tls', 'caFile']).includes('WEBHOOK_TLS_CA_FILE'));
  assert.ok(spellings('webHook', ['tls', 'caFile']).includes('WEB_HOOK_TLS_CA_FILE'));
});

test('text becomes what the schema says', () => {
  const { value, problems } = apply(schema, undefined, {
    EXAMPLE_PORT: '8080',
    EXAMPLE_ON: 'true',
    EXAMPLE_HOSTS: '["a","b"]',
    EXAMPLE_TLS_CA_FILE: '/ca.pem',
    EXAMPLE_TLS_DEPTH: '3',
    EXAMPLE_LEVEL: 'high',
    EXAMPLE_LIMIT: 'null',
    EXAMPLE_EITHER: '7x',
  });
  assert.deepEqual(problems, []);
  const tls = { caFile: '/ca.pem', depth: 3 };
  assert.deepEqual(value, { port: 8080, on: true, hosts: ['a', 'b'], tls, level: 'high', limit: null, either: '7x' });
});

test('a whole object can be given as JSON, and its keys override it', () => {
  const { value } = apply(schema, undefined, { EXAMPLE_TLS: '{"caFile":"a","depth":1}', EXAMPLE_TLS_DEPTH: '2' });
  assert.deepEqual(value, { tls: { caFile: 'a', depth: 2 } });
});

test('text that does not fit names the variable, the value and what is expected', () => {
  const variables = {
    EXAMPLE_PORT: 'eighty',
    EXAMPLE_ON: 'yes',
    EXAMPLE_TLS_DEPTH: '1.5',
    EXAMPLE_HOSTS: '{}',
    EXAMPLE_LIMIT: '',
  };
  const { value, problems } = apply(schema, { port: 1 }, variables);
  assert.deepEqual(value, { port: 1 });
  assert.deepEqual(problems.toSorted(), [
    'environment: EXAMPLE_HOSTS: "{}" does not fit hosts of "example", expected a list as JSON',
    'environment: EXAMPLE_LIMIT: "" does not fit limit of "example", expected a number or "null"',
    'environment: EXAMPLE_ON: "yes" does not fit on of "example", expected "true" or "false"',
    'environment: EXAMPLE_PORT: "eighty" does not fit port of "example", expected a number',
    'environment: EXAMPLE_TLS_DEPTH: "1.5" does not fit tls.depth of "example", expected a whole number',
  ]);
});

test('what a file holds is not shown, whatever the key is called: it may be a secret', async () => {
  const path = await folder({ secret: 'hunter2' });
  const { problems } = apply(schema, undefined, { EXAMPLE_PORT_FILE: join(path, 'secret') });
  assert.deepEqual(problems, [
    'environment: EXAMPLE_PORT_FILE: what the file holds does not fit port of "example", expected a number',
  ]);
});

test('a variable that Kubernetes injects for a service is explained when it lands in a number', () => {
  const { problems } = apply(schema, undefined, { EXAMPLE_PORT: 'tcp://10.0.0.11:6379' });
  assert.equal(problems.length, 1);
  assert.match(
    problems[0] ?? '',
    /EXAMPLE_PORT: "tcp:\/\/10\.0\.0\.11:6379" .* Kubernetes injects .* enableServiceLinks: false/,
  );
});

test('variables that name no known key are ignored', () => {
  const { value, problems } = apply(
    schema,
    { port: 1 },
    { EXAMPLE_PORT_6379_TCP_ADDR: 'x', EXAMPLE_SERVICE_HOST: 'y', EXAMPLE_: 'z' },
  );
  assert.deepEqual([value, problems], [{ port: 1 }, []]);
});

test('the process counts before *.env files, and those before the file', () => {
  const raw = { port: 1, kName: 'file', level: 'low' };
  const { value, origins } = apply(
    schema,
    raw,
    { EXAMPLE_PORT: '3' },
    layer({ EXAMPLE_PORT: '2', EXAMPLE_KNAME: 'env' }, 'b.env'),
  );
  assert.deepEqual(value, { port: 3, kName: 'env', level: 'low' });
  assert.equal(origins.get('port')?.name, 'EXAMPLE_PORT');
  assert.equal(origins.get('kName')?.layer.label, 'b.env');
});

test('two variables of one place for one key are a contradiction', () => {
  const { problems } = apply(schema, undefined, { EXAMPLE_K_NAME: 'a', EXAMPLE_KNAME: 'a' });
  assert.deepEqual(problems, [
    'environment: EXAMPLE_K_NAME: sets kName of "example", which EXAMPLE_KNAME sets too; keep one of them',
  ]);
});

test('…_FILE reads the value from a file, without the newline at its end', async () => {
  const path = await folder({ secret: 'hunter2\n', port: '81' });
  const { value, problems } = apply(schema, undefined, {
    EXAMPLE_PASSWORD_FILE: join(path, 'secret'),
    EXAMPLE_PORT_FILE: join(path, 'port'),
  });
  assert.deepEqual([value, problems], [{ password: 'hunter2', port: 81 }, []]);
  const relative = apply(schema, undefined, layer({ EXAMPLE_PASSWORD_FILE: 'secret' }, 'x.env', path));
  assert.deepEqual(relative.value, { password: 'hunter2' });
});

test('a value and a …_FILE for the same key are a contradiction, and a file that cannot be read is named', () => {
  const both = apply(schema, undefined, { EXAMPLE_PASSWORD: 'a', EXAMPLE_PASSWORD_FILE: '/x' });
  assert.match(
    both.problems[0] ?? '',
    /^environment: EXAMPLE_PASSWORD: sets password .* EXAMPLE_PASSWORD_FILE sets too; keep one/,
  );
  const missing = apply(schema, undefined, { EXAMPLE_PASSWORD_FILE: '/nowhere/at/all' });
  assert.match(
    missing.problems[0] ?? '',
    /^environment: EXAMPLE_PASSWORD_FILE: cannot read the file: ENOENT.*\/nowhere\/at\/all/,
  );
});

test('a key that is called …File goes before the convention', () => {
  const own = z.strictObject({ ca: z.string().optional(), caFile: z.string().optional() });
  const { value, problems } = apply(own, undefined, { EXAMPLE_CA_FILE: '/nowhere/ca.pem' });
  assert.deepEqual([value, problems], [{ caFile: '/nowhere/ca.pem' }, []]);
});

test('secrets are never shown', async () => {
  const path = await folder({ token: 'hunter2' });
  const own = z.strictObject({ apiKey: z.number(), secretPin: z.int(), token: z.number() });
  const { problems } = apply(own, undefined, {
    EXAMPLE_API_KEY: 'hunter2',
    EXAMPLE_SECRETPIN: 'hunter2',
    EXAMPLE_TOKEN_FILE: join(path, 'token'),
  });
  assert.equal(problems.length, 3);
  assert.ok(!problems.join().includes('hunter2'), problems.join('\n'));
});

test('without a schema that tells its keys, those of the file can be overridden, by the types they have there', () => {
  const raw = { port: 1, name: 'a', on: false, list: [1], deep: { port: 2 } };
  const { value, problems } = apply(mute, raw, {
    EXAMPLE_PORT: '5',
    EXAMPLE_ON: 'true',
    EXAMPLE_DEEP_PORT: '6',
    EXAMPLE_OTHER: 'x',
    EXAMPLE_LIST: '[2]',
  });
  assert.deepEqual([value, problems], [{ port: 5, name: 'a', on: true, list: [2], deep: { port: 6 } }, []]);
  assert.deepEqual(apply(mute, undefined, { EXAMPLE_PORT: '5' }).value, undefined);
});

test('the keys of unions, recursive schemas and those with types that JSON has not are known', () => {
  const union = z.union([
    z.strictObject({ kind: z.literal('a'), port: z.number() }),
    z.strictObject({ kind: z.literal('b'), host: z.string() }),
  ]);
  const node = z.strictObject({
    depth: z.number(),
    get next() {
      return node.optional();
    },
  });
  const own = z.strictObject({ server: union, node: node.optional(), date: z.date().optional(), port: z.number() });
  const { value } = apply(own, undefined, {
    EXAMPLE_SERVER_HOST: 'h',
    EXAMPLE_SERVER_KIND: 'b',
    EXAMPLE_PORT: '1',
    EXAMPLE_NODE_NEXT_DEPTH: '2',
  });
  assert.deepEqual(value, { server: { host: 'h', kind: 'b' }, port: 1, node: { next: { depth: 2 } } });
});

test('a configuration that is no object has no keys to override', () => {
  assert.deepEqual(apply(schema, [1], { EXAMPLE_PORT: '5' }).value, [1]);
});

test('overriding leaves the value that was read as it is, whatever its keys', async () => {
  const path = await folder({ 'x.json': '{"__proto__":{"port":1},"tls":{"depth":1}}' });
  await writeFile(join(path, 'y'), '');
  const raw: unknown = JSON.parse('{"__proto__":{"port":1},"tls":{"depth":1}}');
  const before = JSON.stringify(raw);
  const { value } = apply(mute, raw, { EXAMPLE_TLS_DEPTH: '2' });
  assert.equal(JSON.stringify(raw), before);
  assert.equal(JSON.stringify(value), '{"__proto__":{"port":1},"tls":{"depth":2}}');
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
});
