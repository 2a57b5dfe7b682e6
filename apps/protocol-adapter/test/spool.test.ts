import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { freePort, natsServer } from '@sputnikjs/testkit/servers';
import { storedInJetStream } from './stored.js';
import { spooling } from './spooling.js';
import { run, Satellite, spoolFolder } from './support.js';

const CONF = fileURLToPath(new URL('../conf/nats-spool', import.meta.url));

test('D13: with a spool HTTP is accepted while the server is away; a landing keeps it, and the next start delivers it', async (t) => {
  const [server, syslog, http] = [await natsServer(t), await freePort(), await freePort()];
  const env = {
    CONNECTOR_URL: server.url,
    SYSLOGRECEIVER_PORT: `${syslog}`,
    HTTPGATEWAY_PORT: `${http}`,
    SPUTNIK_ADMIN_PORT: '0',
    SPOOL_PATH: spoolFolder(t),
  };
  const first = new Satellite(t, CONF, env);
  await first.logs('connectFailed');
  const url = `http://127.0.0.1:${http}/produce/http.orders`;
  for (const n of ['1', '2', '3'])
    assert.equal(await run(t, 'curl', '-s', '-o', '/dev/null', '-w', '%{http_code}', '-d', n, url), '202');
  first.process.kill('SIGTERM');
  assert.deepEqual(await first.ended, { code: 0, signal: null }, first.lines.slice(-5).join('\n'));
  assert.deepEqual(
    first.records('spoolKept').map(({ messages }) => messages),
    [3],
  );
  await server.start();
  const second = new Satellite(t, CONF, { ...env, SPOOL_FLUSH_AT_LANDING_MS: '10000' });
  await second.logs('connected');
  second.process.kill('SIGTERM');
  assert.deepEqual(await second.ended, { code: 0, signal: null }, second.lines.slice(-5).join('\n'));
  const payloads: string[] = [];
  for await (const { payload } of storedInJetStream(server)) payloads.push(payload);
  assert.deepEqual(payloads, ['1', '2', '3']);
});

test('D11: while the server has no room for a target, messages for others pass by, and its own wait in their order', async (t) => {
  const server = await natsServer(t);
  await server.start();
  const streams = [
    { name: 'FULL', subjects: ['full'], storage: 'file', maxBytes: 1_000 },
    { name: 'OPEN', subjects: ['open'], storage: 'file' },
  ];
  const connector = { module: '@sputnikjs/connector-nats', url: server.url, streams };
  const { satellite, post } = await spooling(t, connector);
  const large = ['1', '2', '3', '4'].map((text) => text.padEnd(600));
  for (const payload of large) assert.equal(await post('full', payload), 202);
  await satellite.logs('serverFull');
  assert.equal(await post('open', 'passes'), 202);
  const client = await connect({ servers: server.url });
  t.after(() => client.close());
  const consumer = async (stream: string) => jetstream(client).consumers.get(stream);
  assert.equal((await (await consumer('OPEN')).next())?.string(), 'passes');
  const { streams: api } = await jetstreamManager(client);
  assert.equal((await api.info('FULL')).state.messages, 1);
  await api.update('FULL', { max_bytes: 100_000 });
  const stored: (string | undefined)[] = [];
  for (const full = await consumer('FULL'); stored.length < large.length;) stored.push((await full.next())?.string());
  assert.deepEqual(stored, large);
  satellite.process.kill('SIGTERM');
  assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
  assert.deepEqual(satellite.records('spoolKept'), []);
});
