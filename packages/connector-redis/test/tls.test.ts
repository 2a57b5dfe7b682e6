import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { test, type TestContext } from 'node:test';
import { rejection, textOf } from '@sputnikjs/testkit';
import { certificates, freePort } from '@sputnikjs/testkit/servers';
import { connect, makeConnector, open, started } from './helpers.js';

/** The url of a server with TLS, and whether it asks for certificates. */
async function secured(t: TestContext, pem: (name: string) => string, ask: 'yes' | 'no'): Promise<string> {
  const port = await freePort();
  await started(t, [
    `tls-port ${port}`,
    `tls-cert-file ${pem('server.pem')}`,
    `tls-key-file ${pem('server.key')}`,
    `tls-ca-cert-file ${pem('ca.pem')}`,
    `tls-auth-clients ${ask}`,
  ]);
  return `rediss://127.0.0.1:${port}`;
}

test('TLS: the server is checked against caFile and servername, and files are read anew at each connect', async (t) => {
  const pem = await certificates(t, 'redis.test');
  const url = await secured(t, pem, 'no');
  const { connection } = await open(t, { url, caFile: pem('ca.pem'), servername: 'redis.test' });
  const consumed = new Promise<string>((resolve) => {
    void connection.consumer.consume('a', async (message) => resolve(textOf(message)));
  });
  await connection.producer.produce({ target: 'a', payload: 'over TLS' });
  assert.equal(await consumed, 'over TLS');

  const unnamed = await rejection(connect(makeConnector(t, { url, caFile: pem('ca.pem') })));
  assert.match(unnamed.message, /^cannot connect to rediss:.*; are caFile, .* and servername right/);
  const missing = await rejection(connect(makeConnector(t, { url, caFile: pem('missing.pem') })));
  assert.match(missing.message, /^cannot read caFile: ENOENT.*missing\.pem/);

  await copyFile(pem('stranger.pem'), pem('mine.pem'));
  const connector = makeConnector(t, { url, caFile: pem('mine.pem'), servername: 'redis.test' });
  assert.match((await rejection(connect(connector))).message, /self.signed|unable to verify/);
  await copyFile(pem('ca.pem'), pem('mine.pem'));
  assert.ok((await connect(connector)).connection);

  const plain = await rejection(connect(makeConnector(t, { url: url.replace('rediss:', 'redis:') })));
  assert.match(plain.message, /^cannot connect to redis:.*; does it require TLS \(rediss:\/\/\)\?$/);
});

test('mutual TLS: the server takes our certificate, nobody without one, and a renewed one at the next connect', async (t) => {
  const pem = await certificates(t, 'redis.test');
  const url = await secured(t, pem, 'yes');
  const tls = { url, caFile: pem('ca.pem'), servername: 'redis.test' };
  const { connection } = await open(t, { ...tls, certFile: pem('client.pem'), keyFile: pem('client.key') });
  await connection.producer.produce({ target: 'a', payload: 'over mutual TLS' });
  const error = await rejection(connect(makeConnector(t, tls)));
  assert.match(error.message, /certificate required|does it require a client certificate\?$/);

  const renew = (name: string): Promise<unknown> =>
    Promise.all(['pem', 'key'].map((kind) => copyFile(pem(`${name}.${kind}`), pem(`mine.${kind}`))));
  await renew('stranger');
  const connector = makeConnector(t, { ...tls, certFile: pem('mine.pem'), keyFile: pem('mine.key') });
  assert.match((await rejection(connect(connector))).message, /unknown ca|does it require a client certificate\?$/);
  await renew('client');
  const renewed = await connect(connector);
  await renewed.connection.producer.produce({ target: 'a', payload: 'by a renewed certificate' });
});
