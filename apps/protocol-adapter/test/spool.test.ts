import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort, natsServer } from '@sputnikjs/testkit/servers';
import { storedInJetStream } from './stored.js';
import { folder, run, Satellite } from './support.js';

const CONF = fileURLToPath(new URL('../conf/nats-spool', import.meta.url));

test('D13: with a spool HTTP is accepted while the server is away; a landing keeps it, and the next start delivers it', async (t) => {
  const [server, syslog, http] = [await natsServer(t), await freePort(), await freePort()];
  const env = {
    CONNECTOR_URL: server.url,
    SYSLOGRECEIVER_PORT: `${syslog}`,
    HTTPGATEWAY_PORT: `${http}`,
    SPUTNIK_ADMIN_PORT: '0',
    SPOOL_PATH: folder(t),
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
