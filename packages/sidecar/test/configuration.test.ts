import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SputnikError, type StandardSchemaV1 } from '@sputnikjs/core';
import { z } from 'zod';
import { Configuration } from '../dist/folder/configuration.js';
import { CodeReader } from '../dist/folder/reader.js';

function configuration(configs: Record<string, unknown>, variables: Record<string, string> = {}): Configuration {
  return new Configuration(new CodeReader(configs), [
    { origin: 'process', label: 'environment', base: '/', prefix: '', variables },
  ]);
}

async function problemsOf(work: Promise<unknown>): Promise<readonly string[]> {
  try {
    await work;
  } catch (error) {
    if (error instanceof SputnikError && error.code === 'BAD_CONFIG') return error.problems;
    throw error;
  }
  return [];
}

const schema = z.strictObject({
  port: z.int().min(1).max(65_535),
  host: z.string().default('127.0.0.1'),
  tls: z.strictObject({ caFile: z.string().optional() }).optional(),
  routes: z.array(z.strictObject({ path: z.string(), target: z.string() })).default([]),
});

test('every problem of a configuration is a line of its own: where, which key, what is wrong, what is expected', async () => {
  const value = { prot: 1, host: 5, tls: { caFil: 'x', zzz: 1 }, routes: [{ path: '/', taget: 'a' }] };
  assert.deepEqual(await problemsOf(configuration({ web: value }).load(['web'], schema)), [
    'configs.web: port: is missing, expected number',
    'configs.web: host: expected string, received number',
    'configs.web: tls.caFil: unknown key, did you mean "caFile"?',
    'configs.web: tls.zzz: unknown key, expected one of caFile',
    'configs.web: routes[0].target: is missing, expected string',
    'configs.web: routes[0].taget: unknown key, did you mean "target"?',
    'configs.web: prot: unknown key, did you mean "port"?',
  ]);
});

test('a configuration of another kind than expected is one problem', async () => {
  for (const value of [[], 'text', 5]) {
    const problems = await problemsOf(configuration({ web: value }).load(['web'], schema));
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? '', /^configs\.web: expected object, received /);
  }
});

test('a value from the environment that the schema refuses is told of its variable', async () => {
  const problems = await problemsOf(configuration({ web: { port: 1 } }, { WEB_PORT: '70000' }).load(['web'], schema));
  assert.deepEqual(problems, ['environment: WEB_PORT: Too big: expected number to be <=65535']);
});

test('a bad variable does not hide what else is wrong, and its key has one line', async () => {
  const problems = await problemsOf(configuration({ web: { host: 5 } }, { WEB_PORT: 'x' }).load(['web'], schema));
  assert.deepEqual(problems, [
    'environment: WEB_PORT: "x" does not fit port of "web", expected a whole number',
    'configs.web: host: expected string, received number',
  ]);
  assert.equal((await problemsOf(configuration({}, { WEB_PORT: 'x' }).load(['web'], schema))).length, 1);
});

test('a configuration that is missing is one line with the keys it must have', async () => {
  const both = schema.extend({ url: z.string() });
  assert.deepEqual(await problemsOf(configuration({}).load(['hooks', 'web'], both)), [
    'configs.hooks or configs.web: is not given; these keys have no default: port, url',
  ]);
  const { raw, value } = await configuration({}).load(['web'], z.strictObject({ port: z.number().default(80) }));
  assert.deepEqual([raw, value], [undefined, { port: 80 }]);
});

test('an empty configuration file is an empty configuration', async () => {
  assert.deepEqual((await configuration({ web: null }).load(['web'], schema.partial())).raw, {});
});

test('in a union the problems are those of the form that fits best', async () => {
  const union = z.strictObject({
    server: z.union([
      z.strictObject({ url: z.string() }),
      z.strictObject({ host: z.string(), port: z.number(), user: z.string() }),
    ]),
  });
  const problems = await problemsOf(configuration({ x: { server: { url: 5 } } }).load(['x'], union));
  assert.deepEqual(problems, ['configs.x: server.url: expected string, received number']);
});

test('schemas of other libraries are understood by their messages', async () => {
  const other: StandardSchemaV1 = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: () => ({ issues: [{ message: 'is odd', path: [{ key: 'a' }, 0] }, { message: 'bad' }] }),
    },
  };
  assert.deepEqual(await problemsOf(configuration({ x: { a: [1] } }).load(['x'], other)), [
    'configs.x: a[0]: is odd',
    'configs.x: bad',
  ]);
});

test('a responsibility without configuration has that of its block, under its own variables', async () => {
  const names = new Map([
    ['hooks', 'web'],
    ['web', 'web'],
  ]);
  const variables = { WEB_PORT: '2', WEB_HOST: 'w', HOOKS_PORT: '3' };
  const source = configuration({ web: { port: 1 } }, variables).source(names);
  assert.deepEqual(await source('hooks', schema), { port: 3, host: 'w' });
  assert.deepEqual(await source('web', schema), { port: 2, host: 'w' });
  const own = configuration({ web: { port: 1 }, hooks: { port: 9, host: 'h' } }, { WEB_HOST: 'w' }).source(names);
  assert.deepEqual(await own('hooks', schema), { port: 9, host: 'h' });
  assert.equal(await configuration({}).source(names)('hooks', schema.partial()), undefined);
});

test('problems never show a secret', async () => {
  const secret = z.strictObject({ password: z.string().max(3), mode: z.enum(['a']) });
  const problems = await problemsOf(configuration({ x: { password: 'hunter2', mode: 'hunter2' } }).load(['x'], secret));
  assert.equal(problems.length, 2);
  assert.ok(!problems.join().includes('hunter2'));
});
