import assert from 'node:assert/strict';
import { copyFile } from 'node:fs/promises';
import { test } from 'node:test';
import { rejection } from '@sputnikjs/testkit';
import { connect, makeConnector, open } from './helpers.js';
import { certificates } from '@sputnikjs/testkit/servers';
import { mosquitto } from './mosquitto.js';

test('TLS: the server is checked against caFile and servername, and files are read anew at each connect', async (t) => {
  const pem = await certificates(t, 'broker.test');
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
  const pem = await certificates(t, 'broker.test');
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
