import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort } from '@sputnikjs/testkit/servers';
import { blocksOf, compileAll, folder, program, sputnik } from './support.js';

const DOCUMENT = 'docs/recipes.md';
const blocks = blocksOf(DOCUMENT);

/** The recipes, and what each says that it prints. */
const recipes = blocks.flatMap(({ language, text }, index) => {
  if (language !== 'ts') return [];
  const output = blocks[index + 1];
  assert.equal(output?.language, 'text', `what does this print?\n${text}`);
  return [{ text, output: output.text }];
});

/** The text with ports that are free, whatever else runs on this machine. */
async function withFreePorts(text: string): Promise<string> {
  let own = text;
  for (const port of new Set(text.match(/\b151\d\d\b/g))) own = own.replaceAll(port, `${await freePort()}`);
  return own;
}

/** What the reporter of tests says, without durations and its summary. */
const resultsIn = (output: string): string => output.replaceAll(/ \(\d+\.\d+ms\)$/gm, '').replaceAll(/^ℹ .*\n/gm, '');

test('each recipe of docs/recipes.md compiles, and prints what stands below it', { concurrency: 2 }, async (t) => {
  assert.ok(recipes.length >= 9, `${recipes.length} recipes`);
  assert.equal(blocks.length, 2 * recipes.length, 'each block is a recipe or its output');
  const sources: [string, string][] = [];
  for (const [index, { text }] of recipes.entries()) sources.push([`${index}`, await withFreePorts(text)]);
  const pathOf = await compileAll(t, new Map(sources));
  const runs = recipes.map(({ text, output }, index) =>
    t.test(`recipe ${index + 1} prints what it says`, async (t) => {
      const run = program(t, process.execPath, '--test-reporter=spec', pathOf(`${index}`));
      assert.equal(await run.code, 0, run.output());
      assert.equal(resultsIn(run.output()), output, text);
    }),
  );
  await Promise.all(runs);
});

/** A block that says what its configuration is, and lands. */
const telling = (config: string): string => `
  import { defineBlock } from '@sputnikjs/core';
  import { toStandardJsonSchema } from '@valibot/to-json-schema';
  import * as v from 'valibot';
  const Config = v.strictObject({ everyMs: v.optional(v.number(), 60_000) });
  export const napper = defineBlock({
    name: 'napper',
    config: ${config},
    make: (config, _to, { land }) => ({ run: () => land(JSON.stringify(config)) }),
  });
`;
const WITH_KEYS = `{ '~standard': { ...Config['~standard'], ...toStandardJsonSchema(Config)['~standard'] } }`;

for (const [schema, config, file, told] of [
  ['plain valibot', 'Config', '{}', 60_000],
  ['plain valibot', 'Config', '{ "everyMs": 1 }', 5],
  ['valibot with toStandardJsonSchema', WITH_KEYS, '{}', 5],
] as const)
  test(`${schema}: a variable for a key, with ${file} in the file, gives ${told}`, async (t) => {
    const blocks = '[{ "name": "napper", "module": "./napper.mjs" }]';
    const files = { 'blocks.json': blocks, 'napper.mjs': telling(config), 'napper.json': file };
    process.env['NAPPER_EVERY_MS'] = '5';
    const run = sputnik(t, 'run', '--cf', folder(t, files));
    delete process.env['NAPPER_EVERY_MS'];
    assert.equal(await run.code, 0, run.output());
    assert.ok(run.output().includes(JSON.stringify(JSON.stringify({ everyMs: told })).slice(1, -1)), run.output());
  });
