import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { truncateSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { cliHere, folder } from './helpers.js';

/** What `check` says of a folder. */
async function problemsOf(cf: string): Promise<readonly string[]> {
  const { code, stdout, stderr } = await cliHere(['check', '--cf', cf]);
  assert.equal(code, 78);
  return [...stdout, ...stderr].map((line) => line.replace(`${cf}/`, ''));
}

test('a pipe or a device in a folder is an error that names it: nobody waits for it', { timeout: 60_000 }, async () => {
  const said = 'cannot be read: it is a pipe or a device; put a file in its place';
  for (const name of ['blocks.json', 'sputnik.yaml', 'some.env']) {
    const piped = await folder(name === 'blocks.json' ? {} : { 'blocks.json': [] });
    execFileSync('mkfifo', [join(piped, name)]);
    assert.ok((await problemsOf(piped)).includes(`${name}: ${said}`), name);
    const endless = await folder(name === 'blocks.json' ? {} : { 'blocks.json': [] });
    await symlink('/dev/zero', join(endless, name));
    assert.ok((await problemsOf(endless)).includes(`${name}: ${said}`), name);
  }
});

test('a file that is larger than any configuration is not read', async () => {
  const cf = await folder({ 'blocks.json': '[]' });
  truncateSync(join(cf, 'blocks.json'), 17 * 1024 * 1024);
  assert.deepEqual(await problemsOf(cf), [
    'blocks.json: cannot be read: it has 17825792 bytes, and 16 MiB are read at most; is it the right file?',
  ]);
});

test('levels without end are a problem of the file, in JSON that ends and that does not, and in YAML', async () => {
  const levels = 50_000;
  const open = '['.repeat(levels);
  assert.deepEqual(await problemsOf(await folder({ 'blocks.json': open })), [
    'blocks.json:1:502: expected at most 500 levels, found something else',
  ]);
  const objects = '{"a":'.repeat(levels);
  assert.match((await problemsOf(await folder({ 'blocks.json': objects })))[0] ?? '', /expected at most 500 levels/);
  for (const name of ['blocks.json', 'blocks.yaml']) {
    const text = '['.repeat(5_000) + ']'.repeat(5_000);
    const [problem = '', ...more] = await problemsOf(await folder({ [name]: text }));
    assert.match(problem, new RegExp(`^${name}:`));
    assert.deepEqual(more, []);
  }
});
