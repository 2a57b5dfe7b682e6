import assert from 'node:assert/strict';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { ConfigFolder } from '../dist/folder/config-folder.js';
import { folder } from './helpers.js';

async function valueOf(path: string, name: string): Promise<unknown> {
  return (await (await ConfigFolder.open(path)).read(name))?.value;
}

test('a configuration is the JSON or YAML file of its name', async () => {
  const path = await folder({ 'a.json': { a: 1 }, 'b.yaml': 'b: 2', 'c.yml': 'c: 3', 'd.txt': '{}' });
  assert.deepEqual(await valueOf(path, 'a'), { a: 1 });
  assert.deepEqual(await valueOf(path, 'b'), { b: 2 });
  assert.deepEqual(await valueOf(path, 'c'), { c: 3 });
  assert.equal(await valueOf(path, 'd'), undefined);
  assert.equal(await valueOf(path, '__proto__'), undefined);
});

test('two files for one name are ambiguous', async () => {
  const path = await folder({ 'a.json': {}, 'a.yaml': '' });
  await assert.rejects(valueOf(path, 'a'), {
    code: 'BAD_CONFIG',
    problems: [`${join(path, 'a.json')}: conflicts with a.yaml; keep one of them`],
  });
});

test('the exact name counts, then the name in lower case', async () => {
  const path = await folder({
    'web.json': { lower: true },
    'Hooks.json': { exact: true },
    'hooks.json': { exact: false },
  });
  assert.deepEqual(await valueOf(path, 'Web'), { lower: true });
  assert.deepEqual(await valueOf(path, 'Hooks'), { exact: true });
  assert.equal(await valueOf(path, 'HOOK'), undefined);
});

test('links are followed and entries that start with a dot are skipped, as in a mounted ConfigMap', async () => {
  const path = await folder({});
  await mkdir(join(path, '..2026'));
  await writeFile(join(path, '..2026', 'a.json'), '{"a":1}');
  await symlink('..2026', join(path, '..data'));
  await symlink('..data/a.json', join(path, 'a.json'));
  await writeFile(join(path, '.b.json'), '{}');
  await writeFile(join(path, '.env'), 'A_A=2');
  const opened = await ConfigFolder.open(path);
  assert.deepEqual((await opened.read('a'))?.value, { a: 1 });
  assert.equal(await opened.read('.b'), undefined);
  assert.deepEqual(await opened.envLayers(), []);
});

test('a folder that is missing, or none, is an error and not an empty configuration (hazard 38)', async () => {
  const path = await folder({ 'a.json': {} });
  await assert.rejects(ConfigFolder.open(join(path, 'nowhere')), {
    code: 'BAD_CONFIG',
    problems: [`${join(path, 'nowhere')}: cannot be read as a folder: ENOENT: no such file or directory`],
  });
  await assert.rejects(ConfigFolder.open(join(path, 'a.json')), { code: 'BAD_CONFIG' });
});

test('a file that cannot be read is named', async () => {
  const path = await folder({});
  await symlink('nowhere', join(path, 'a.json'));
  await mkdir(join(path, 'b.json'));
  for (const name of ['a', 'b']) {
    await assert.rejects(valueOf(path, name), (error: Error) =>
      error.message.includes(`${join(path, name)}.json: cannot be read`),
    );
  }
});

test('a file with a name that is nearly right is suggested for one that is missing', async () => {
  const opened = await ConfigFolder.open(await folder({ 'webhok.json': {} }));
  assert.match(opened.missing(['webhook']), /webhook\.json: there is no such file, did you mean "webhok"\?/);
  assert.match(opened.missing(['hooks', 'other']), /hooks\.json or .*other\.json: there is no such file$/);
});

test('of the files with variables the last one by name counts first', async () => {
  const path = await folder({ 'a.env': 'X=1\nY="y z"', 'b.env': '# b\nX=2' });
  const layers = await (await ConfigFolder.open(path)).envLayers();
  assert.deepEqual(
    layers.map(({ variables }) => ({ ...variables })),
    [{ X: '2' }, { X: '1', Y: 'y z' }],
  );
});
