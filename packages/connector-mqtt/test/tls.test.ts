import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { connect, makeConnector, open, rejection, temporaryFolder } from './helpers.js';
import { mosquitto } from './mosquitto.js';

/** A folder with an authority, and certificates that it has signed: for the server `broker.test`, and for a client. */
async function certificates(t: TestContext): Promise<string> {
  const cwd = await temporaryFolder(t);
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { cwd, stdio: 'ignore' });
  };
  for (const ca of ['ca', 'stranger'])
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      `/CN=${ca}`,
      '-keyout',
      `${ca}.key`,
      '-out',
      `${ca}.pem`,
    );
  for (const [name, host] of [
    ['server', 'broker.test'],
    ['client', 'client.test'],
  ] as const) {
    const extension = `subjectAltName=DNS:${host}`;
    openssl(
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      `/CN=${host}`,
      '-addext',
      extension,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
    );
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-copy_extensions',
      'copy',
      '-out',
      `${name}.pem`,
    );
  }
  return cwd;
}

test('TLS: the server is checked against caFile and servername, and files are read anew at each connect', async (t) => {
  const at = await certificates(t);
  const pem = (name: string): string => join(at, name);
  const server = await mosquitto(t, [
    'allow_anonymous true',
    `cafile ${pem('ca.pem')}`,
    `certfile ${pem('server.pem')}`,
    `keyfile ${pem('server.key')}`,
  ]);
  const url = `mqtts://127.0.0.1:${server.port}`;
  const { connection } = await open(t, { url, caFile: pem('ca.pem'), servername: 'broker.test' });
  await connection.producer.produce({ target: 'a', payload: 'over TLS' });

  const unnamed = await rejection(connect(makeConnector(t, { url, caFile: pem('ca.pem') })));
  assert.match(unnamed.message, /^cannot connect to mqtts:.*; are caFile, .* and servername right/);
  const missing = await rejection(connect(makeConnector(t, { url, caFile: pem('missing.pem') })));
  assert.match(missing.message, /^cannot read caFile: ENOENT.*missing\.pem/);

  await copyFile(pem('stranger.pem'), pem('mine.pem'));
  const connector = makeConnector(t, { url, caFile: pem('mine.pem'), servername: 'broker.test' });
  assert.match((await rejection(connect(connector))).message, /self.signed|unable to verify/);
  await copyFile(pem('ca.pem'), pem('mine.pem'));
  assert.ok((await connect(connector)).connection);
});

test('mutual TLS: the server takes our certificate, and nobody without one', async (t) => {
  const at = await certificates(t);
  const pem = (name: string): string => join(at, name);
  const server = await mosquitto(t, [
    'allow_anonymous true',
    'require_certificate true',
    `cafile ${pem('ca.pem')}`,
    `certfile ${pem('server.pem')}`,
    `keyfile ${pem('server.key')}`,
  ]);
  const tls = { url: `mqtts://127.0.0.1:${server.port}`, caFile: pem('ca.pem'), servername: 'broker.test' };
  const { connection } = await open(t, { ...tls, certFile: pem('client.pem'), keyFile: pem('client.key') });
  await connection.producer.produce({ target: 'a', payload: 'over mutual TLS' });
  assert.match(
    (await rejection(connect(makeConnector(t, tls)))).message,
    /certificate required|ECONNRESET|closed the connection/,
  );
});
