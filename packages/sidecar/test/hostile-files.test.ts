import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { truncateSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { defineBlock } from '@sputnikjs/core';
import { Watched } from './admin-helpers.js';
import { cliHere, folder } from './helpers.js';

const MEBI = 1024 * 1024;
const idle = defineBlock({ name: 'idle', make: () => ({}) });

const FOLDER = {
  'blocks.json': [{ name: 'producer' }, { name: 'httpgateway', module: '@sputnikjs/adapter-http' }],
};
const NATS = { module: '@sputnikjs/connector-nats', url: 'nats://127.0.0.1' };

/** Paths of what is no file for a secret, each with what is said of it. */
async function noFiles(): Promise<readonly (readonly [path: string, said: RegExp])[]> {
  const at = await folder({ large: '' });
  const [pipe, large] = [join(at, 'pipe'), join(at, 'large')];
  execFileSync('mkfifo', [pipe]);
  truncateSync(large, 1024 * MEBI);
  return [
    [pipe, /pipe is a pipe or a device; put a file in its place/],
    ['/dev/zero', /\/dev\/zero is a pipe or a device; put a file in its place/],
    [at, /is a folder; name a file/],
    [large, /large has 1073741824 bytes, and 16 MiB are read at most; is it the right file\?/],
  ];
}

test('a variable …_FILE that names no file is a problem that names the variable', { timeout: 120_000 }, async () => {
  const before = process.memoryUsage().rss;
  for (const [path, said] of await noFiles()) {
    const cf = await folder({ ...FOLDER, 'connector.json': NATS, 'some.env': `HTTPGATEWAY_HOST_FILE=${path}\n` });
    const { code, stdout, stderr } = await cliHere(['check', '--cf', cf]);
    assert.equal(code, 78);
    const text = [...stdout, ...stderr].join('\n');
    assert.match(text, /some\.env: HTTPGATEWAY_HOST_FILE: cannot read the file: /);
    assert.match(text, said);
  }
  const more = (process.memoryUsage().rss - before) / MEBI;
  assert.ok(more < 150, `it took ${more} MB`);
});

test(
  'files of tokens, passphrases and credentials that are none are problems that name the key',
  { timeout: 120_000 },
  async () => {
    for (const [path, said] of await noFiles()) {
      const cf = await folder({
        ...FOLDER,
        'sputnik.json': { admin: { tokenFile: path } },
        'httpgateway.json': { tokens: [{ name: 'a', file: path, targets: ['*'] }], certFile: path, keyFile: path },
        'connector.json': { ...NATS, credsFile: path },
      });
      const { code, stdout, stderr } = await cliHere(['check', '--cf', cf]);
      assert.equal(code, 78);
      const lines = [...stdout, ...stderr];
      for (const key of [
        'admin.tokenFile: ',
        'tokens[0].file: ',
        'read certFile: ',
        'read keyFile: ',
        'read credsFile: ',
      ]) {
        const line = lines.find((one) => one.includes(key)) ?? '';
        assert.match(line, said, `${key} of ${lines.join('\n')}`);
      }
    }
  },
);

test('a command whose token is no file ends, and says so', { timeout: 120_000 }, async () => {
  for (const [path, said] of await noFiles()) {
    const { code, stderr } = await cliHere(['status', '--admin', 'http://127.0.0.1:9', '--token-file', path]);
    assert.notEqual(code, 0);
    assert.match(stderr.join('\n'), said);
  }
});

test(
  'a satellite whose token becomes a pipe refuses it, and serves on; with a file again it takes it',
  { timeout: 60_000 },
  async () => {
    const at = await folder({ token: 'open-sesame\n' });
    const tokenFile = join(at, 'token');
    execFileSync('mkfifo', [join(at, 'pipe')]);
    const { url } = await Watched.start({ blocks: [{ name: 'idle' }], blockFactories: { idle } }, { tokenFile });
    const control = async (): Promise<number> => {
      const headers = { authorization: 'Bearer open-sesame' };
      return (await fetch(`${url}/log-level`, { method: 'POST', headers, body: '{"level":"info"}' })).status;
    };
    const first = await control();
    assert.notEqual(first, 401);
    await rename(join(at, 'pipe'), tokenFile);
    // each would hold one of the few threads that read files
    const refused = await Promise.all(Array.from({ length: 8 }, control));
    assert.deepEqual(new Set(refused), new Set([401]));
    assert.equal((await fetch(`${url}/status`)).status, 200);
    await writeFile(join(at, 'new'), 'open-sesame\n');
    await rename(join(at, 'new'), tokenFile);
    assert.equal(await control(), first);
  },
);
