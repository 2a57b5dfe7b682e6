import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileBytes, fileText, readTls } from '@sputnikjs/messaging/net';

const MEBI = 1024 * 1024;

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'files-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

test('what is no file is not read: nobody waits for a pipe, and a device fills no memory', { timeout: 60_000 }, (t) => {
  const folder = folderOf(t);
  const pipe = join(folder, 'pipe');
  execFileSync('mkfifo', [pipe]);
  for (const [path, said] of [
    [pipe, 'is a pipe or a device; put a file in its place'],
    ['/dev/zero', 'is a pipe or a device; put a file in its place'],
    [folder, 'is a folder; name a file'],
  ] as const)
    assert.throws(() => fileText(path, 'cannot read the token'), { message: `cannot read the token: ${path} ${said}` });
});

test('a file of any size fills no memory; one of 16 MiB is read', (t) => {
  const path = join(folderOf(t), 'large');
  writeFileSync(path, 'secret');
  assert.equal(fileText(path, 'x'), 'secret');
  truncateSync(path, 16 * MEBI);
  assert.equal(fileBytes(path, 'x').length, 16 * MEBI);
  truncateSync(path, 1024 * MEBI);
  const before = process.memoryUsage().rss;
  assert.throws(() => fileText(path, 'x'), {
    message: `x: ${path} has 1073741824 bytes, and 16 MiB are read at most; is it the right file?`,
  });
  const more = (process.memoryUsage().rss - before) / MEBI;
  assert.ok(more < 50, `it took ${more} MB`);
});

test('a certificate that is a pipe is named by its key', { timeout: 60_000 }, async (t) => {
  const pipe = join(folderOf(t), 'pipe');
  execFileSync('mkfifo', [pipe]);
  await assert.rejects(readTls({ caFile: pipe }), { message: /^cannot read caFile: .*pipe is a pipe or a device/ });
});
