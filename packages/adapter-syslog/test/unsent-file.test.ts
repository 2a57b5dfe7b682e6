import assert from 'node:assert/strict';
import { appendFile, mkdir, mkdtemp, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { RotatingFile } from '../dist/deliver/rotating-file.js';

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'sputnik-unsent-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

async function begun(path: string, maxBytes = 1_000): Promise<RotatingFile> {
  const file = new RotatingFile(path, maxBytes, 3, () => {});
  await file.open();
  await file.write(Buffer.from('one\n'));
  return file;
}

const textOf = (path: string): Promise<string> => readFile(path, 'utf8');

test('a file that is moved away, as logrotate does, keeps its lines, and the next one begins it anew', async (t) => {
  const path = join(await folder(t), 'unsent.ndjson');
  const file = await begun(path);
  await rename(path, `${path}-20261129`);
  await file.write(Buffer.from('two\n'));
  await file.close();
  assert.deepEqual([await textOf(`${path}-20261129`), await textOf(path)], ['one\n', 'two\n']);
});

test('lines go to the file of the name when somebody has made a new one', async (t) => {
  const path = join(await folder(t), 'unsent.ndjson');
  const file = await begun(path);
  await rename(path, `${path}.old`);
  await writeFile(path, 'made\n');
  await file.write(Buffer.from('two\n'));
  await file.close();
  assert.equal(await textOf(path), 'made\ntwo\n');
});

test('a file that is deleted, and its folder with it, is made again', async (t) => {
  const path = join(await folder(t), 'deep', 'unsent.ndjson');
  const file = await begun(path);
  await rm(join(path, '..'), { recursive: true });
  await file.write(Buffer.from('two\n'));
  await file.close();
  assert.equal(await textOf(path), 'two\n');
});

test('a file that is cut off, as copytruncate does, goes on from its beginning, and its size is known', async (t) => {
  const path = join(await folder(t), 'unsent.ndjson');
  const file = await begun(path, 10);
  await file.write(Buffer.from('two\n'));
  await truncate(path);
  await file.write(Buffer.from('three\n'));
  await file.close();
  assert.equal(await textOf(path), 'three\n');
});

test('a link is followed; the file behind it may be another one later', async (t) => {
  const path = await folder(t);
  await mkdir(join(path, 'a'));
  await mkdir(join(path, 'b'));
  await symlink('a', join(path, 'now'));
  const file = await begun(join(path, 'now', 'unsent.ndjson'));
  await rm(join(path, 'now'));
  await symlink('b', join(path, 'now'));
  await file.write(Buffer.from('two\n'));
  await file.close();
  assert.deepEqual(
    [await textOf(join(path, 'a/unsent.ndjson')), await textOf(join(path, 'b/unsent.ndjson'))],
    ['one\n', 'two\n'],
  );
});

test('half a line that a crash has left behind stays a line of its own', async (t) => {
  const path = join(await folder(t), 'unsent.ndjson');
  await (await begun(path)).close();
  await appendFile(path, '{"written_at":"2026-');
  const file = new RotatingFile(path, 1_000, 3, () => {});
  await file.open();
  await file.write(Buffer.from('two\n'));
  await file.close();
  assert.equal(await textOf(path), 'one\n{"written_at":"2026-\ntwo\n');
});
