import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readTls, TLS_KEYS, tlsMisfits, type TlsConfig } from '@sputnikjs/messaging/net';
import { z } from 'zod';

test('TLS keys that do not go together, or with the url, are all named', () => {
  const keysOf = (config: TlsConfig, isTls: boolean): readonly string[] =>
    tlsMisfits(config, isTls, 'mqtts://').map(([key, text]) => `${key}: ${text}`);
  const all = { caFile: 'ca', certFile: 'cert', keyFile: 'key', servername: 'name' };
  assert.deepEqual(keysOf(all, true), []);
  assert.deepEqual(keysOf({}, false), []);
  assert.deepEqual(keysOf({ certFile: 'cert' }, true), ['keyFile: certFile and keyFile go together']);
  assert.deepEqual(keysOf({ keyFile: 'key' }, true), ['certFile: certFile and keyFile go together']);
  assert.deepEqual(
    keysOf(all, false),
    Object.keys(all).map((key) => `${key}: is for TLS; leave it out, or begin the url with mqtts://`),
  );
  assert.deepEqual(keysOf({ keyFile: 'key' }, false), [
    'certFile: certFile and keyFile go together',
    'keyFile: is for TLS; leave it out, or begin the url with mqtts://',
  ]);
  const schema = z.strictObject(TLS_KEYS);
  assert.deepEqual(schema.parse(all), all);
  for (const key of Object.keys(all)) assert.equal(schema.safeParse({ [key]: '' }).success, false, key);
});

test('TLS files are read anew each time, and one that cannot be read is named by its key', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'sputnik-tls-'));
  t.after(() => rm(folder, { recursive: true }));
  const path = (name: string): string => join(folder, name);
  assert.deepEqual(await readTls({}), {});
  const pem = (text: string): string => `-----BEGIN ${text}-----\n`;
  const config = { caFile: path('ca'), certFile: path('cert'), keyFile: path('key'), servername: 'name' };
  for (const text of ['old', 'renewed']) {
    for (const name of ['ca', 'cert', 'key']) await writeFile(path(name), pem(`${text} ${name}`));
    assert.deepEqual(await readTls(config), {
      ca: Buffer.from(pem(`${text} ca`)),
      cert: Buffer.from(pem(`${text} cert`)),
      key: Buffer.from(pem(`${text} key`)),
      servername: 'name',
    });
  }
  await writeFile(path('text'), 'no certificate');
  for (const key of ['caFile', 'certFile', 'keyFile'] as const) {
    await assert.rejects(
      readTls({ ...config, [key]: path('missing') }),
      new RegExp(`^Error: cannot read ${key}: ENOENT.*missing`),
    );
    await assert.rejects(
      readTls({ ...config, [key]: path('text') }),
      new RegExp(`^Error: ${key} holds nothing in PEM`),
    );
  }
});
