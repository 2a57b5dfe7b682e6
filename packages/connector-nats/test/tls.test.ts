import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { test, type TestContext } from 'node:test';
import { rejection } from '@sputnikjs/testkit';
import { certificates } from '@sputnikjs/testkit/servers';
import { addStream, connect, makeConnector, open, started, storedIn } from './helpers.js';

/** The url of a server with TLS, and whether it asks for certificates. */
async function secured(t: TestContext, pem: (name: string) => string, verify: boolean): Promise<string> {
  const { port } = await started(t, [
    `tls { cert_file: "${pem('server.pem')}", key_file: "${pem('server.key')}", ca_file: "${pem('ca.pem')}", verify: ${verify} }`,
  ]);
  return `tls://127.0.0.1:${port}`;
}

test('TLS: the server is checked against caFile and servername, and files are read anew at each connect', async (t) => {
  const pem = await certificates(t, 'nats.test');
  const url = await secured(t, pem, false);
  const login = { tls: { caFile: pem('ca.pem'), servername: 'nats.test' } };
  await addStream(url, { name: 'S', subjects: ['a'] }, login);
  const { connection } = await open(t, { url, caFile: pem('ca.pem'), servername: 'nats.test' });
  await connection.producer.produce({ target: 'a', payload: 'over TLS' });
  assert.deepEqual(
    (await storedIn(url, 'S', login)).map(({ payload }) => payload),
    ['over TLS'],
  );

  const unnamed = await rejection(connect(makeConnector(t, { url, caFile: pem('ca.pem') })));
  assert.match(unnamed.message, /^cannot connect to tls:.*; are caFile, .* and servername right/);
  const missing = await rejection(connect(makeConnector(t, { url, caFile: pem('missing.pem') })));
  assert.match(missing.message, /^cannot read caFile: ENOENT.*missing\.pem/);
  const plain = await rejection(connect(makeConnector(t, { url: url.replace('tls:', 'nats:') })));
  assert.match(plain.message, /the server requires TLS; begin the url with tls:\/\/$/);

  await copyFile(pem('stranger.pem'), pem('mine.pem'));
  const connector = makeConnector(t, { url, caFile: pem('mine.pem'), servername: 'nats.test' });
  assert.match((await rejection(connect(connector))).message, /self.signed|unable to verify/);
  await copyFile(pem('ca.pem'), pem('mine.pem'));
  assert.ok((await connect(connector)).connection);
});

test('a server without TLS is an error that says so, when TLS is wanted', async (t) => {
  const { url } = await started(t);
  const error = await rejection(connect(makeConnector(t, { url: url.replace('nats:', 'tls:') })));
  assert.match(error.message, /the server has no TLS; turn TLS on, or begin the url with nats:\/\/$/);
});

test('mutual TLS: the server takes our certificate, nobody without one, and a renewed one at the next connect', async (t) => {
  const pem = await certificates(t, 'nats.test');
  const url = await secured(t, pem, true);
  const tls = { url, jetstream: false, caFile: pem('ca.pem'), servername: 'nats.test' };
  const { connection } = await open(t, { ...tls, certFile: pem('client.pem'), keyFile: pem('client.key') });
  await connection.producer.produce({ target: 'a', payload: 'over mutual TLS' });
  const error = await rejection(connect(makeConnector(t, tls)));
  assert.match(error.message, /certificate required|bad certificate|does it require a client certificate\?$/);

  const renew = (name: string): Promise<unknown> =>
    Promise.all(['pem', 'key'].map((kind) => copyFile(pem(`${name}.${kind}`), pem(`mine.${kind}`))));
  await renew('stranger');
  const connector = makeConnector(t, { ...tls, certFile: pem('mine.pem'), keyFile: pem('mine.key') });
  assert.match(
    (await rejection(connect(connector))).message,
    /unknown ca|bad certificate|does it require a client certificate\?$/,
  );
  await renew('client');
  const renewed = await connect(connector);
  await renewed.connection.producer.produce({ target: 'a', payload: 'by a renewed certificate' });
});
