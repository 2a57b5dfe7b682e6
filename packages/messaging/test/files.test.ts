import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileShortage, isLoopback, readableByAll } from '@sputnikjs/messaging/net';

test('more connections than the system gives files for are told of, with what the process needs beside', () => {
  assert.match(fileShortage(1024, 1024) ?? '', /1024 connections .* only 1024 files; raise that limit \(ulimit -n\)/);
  assert.match(fileShortage(1000, 1063) ?? '', /1000 connections/);
  assert.equal(fileShortage(1000, 1064), undefined);
  assert.equal(fileShortage(1024, Infinity), undefined);
});

test('a secret that everybody can read is told of, and none that an orchestrator has put there, or that is missing', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'sputnik-secrets-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'secret');
  await writeFile(file, 'hunter2');
  for (const [mode, isTold] of [
    [0o600, false],
    [0o640, false],
    [0o604, true],
    [0o644, true],
  ] as const) {
    await chmod(file, mode);
    assert.equal(readableByAll(file) !== undefined, isTold, mode.toString(8));
  }
  assert.equal(readableByAll('/run/secrets/x'), undefined);
  assert.equal(readableByAll(join(folder, 'missing')), undefined);
});

test('this machine is known by its addresses, not by names that look like them', () => {
  for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '::1']) assert.ok(isLoopback(host), host);
  for (const host of ['127.example', '127.0.0.1.example', '10.0.0.1', '::', '0.0.0.0', 'localhost.example'])
    assert.ok(!isLoopback(host), host);
});
