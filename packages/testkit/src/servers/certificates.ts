import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Scope } from './real-server.js';

const NEW_KEY = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes';

/**
 * Makes certificates with `openssl`, in a folder that is removed with its scope; resolves with a function that returns their paths. `ca.pem` is an
 * authority, which signed `server.pem`, for the host given, and `client.pem`, for client.test; `stranger.pem` is another authority. The key of
 * each is in the file of the same name that ends in `.key`.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { X509Certificate } from 'node:crypto';
 * import { readFileSync } from 'node:fs';
 * import { test } from 'node:test';
 * import { certificates } from '@sputnikjs/testkit/servers';
 * test('the server has a certificate', async (t) => {
 *   const path = await certificates(t, 'server.test');
 *   const server = new X509Certificate(readFileSync(path('server.pem')));
 *   assert.equal(server.checkHost('server.test'), 'server.test');
 * });
 */
export async function certificates(scope: Scope, host: string): Promise<(name: string) => string> {
  const cwd = await mkdtemp(join(tmpdir(), 'sputnik-certificates-'));
  scope.after(() => rm(cwd, { recursive: true, force: true }));
  const openssl = (line: string): Promise<unknown> => promisify(execFile)('openssl', line.split(' '), { cwd });
  for (const name of ['ca', 'stranger'])
    await openssl(`req -x509 ${NEW_KEY} -subj /CN=${name} -keyout ${name}.key -out ${name}.pem`);
  for (const [name, of] of [
    ['server', host],
    ['client', 'client.test'],
  ] as const) {
    await openssl(
      `req ${NEW_KEY} -subj /CN=${of} -addext subjectAltName=DNS:${of} -keyout ${name}.key -out ${name}.csr`,
    );
    const signed = '-CA ca.pem -CAkey ca.key -CAcreateserial -copy_extensions copy';
    await openssl(`x509 -req -in ${name}.csr ${signed} -out ${name}.pem`);
  }
  return (name) => join(cwd, name);
}
