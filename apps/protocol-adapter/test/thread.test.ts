import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '@sputnikjs/testkit/servers';
import { folder, run, Satellite, Subscriber } from './support.js';

const DEMO_SYSLOG = fileURLToPath(new URL('../conf/demo-syslog', import.meta.url));
const ADAPTER = fileURLToPath(new URL('../bin/protocol-adapter.js', import.meta.url));

/** Syslog in a thread, with the producer and the embedded broker of the enclosing satellite; HTTP there. */
async function fly(
  t: TestContext,
  bin?: string,
): Promise<{ satellite: Satellite; subscriber: Subscriber; syslog: string; http: string }> {
  const [mqtt, syslog, http] = [await freePort(), await freePort(), await freePort()];
  const cf = folder(t, {
    'blocks.json': [
      { name: 'producer' },
      { satellite: 'syslog', folder: DEMO_SYSLOG, outer: ['producer', 'connector'], place: 'thread' },
      { name: 'httpgateway', module: '@sputnikjs/adapter-http' },
    ],
    'connector.json': { module: '@sputnikjs/connector-mqtt', embedded: true, port: mqtt },
    'httpgateway.json': { port: http },
  });
  const satellite = new Satellite(t, cf, { SYSLOG_SYSLOGRECEIVER_PORT: `${syslog}` }, bin);
  await satellite.logs('connected');
  return { satellite, subscriber: await Subscriber.to(t, mqtt), syslog: `${syslog}`, http: `${http}` };
}

async function land({ process, ended, lines }: Satellite): Promise<void> {
  process.kill('SIGTERM');
  assert.deepEqual(await ended, { code: 0, signal: null }, lines.slice(-5).join('\n'));
}

for (const [name, bin] of [
  ['sputnik', undefined],
  ['protocol-adapter', ADAPTER],
] as const) {
  test(`syslog in a thread: what logger sends comes out of the broker of the enclosing satellite (${name})`, async (t) => {
    const { satellite, subscriber, syslog, http } = await fly(t, bin);
    const to = ['-n', '127.0.0.1', '-P', syslog];
    await run(t, 'logger', ...to, '-T', 'over TCP');
    await run(t, 'logger', ...to, '-d', 'over UDP');
    await run(t, 'curl', '-sf', '-d', '{"from":"here"}', `http://127.0.0.1:${http}/produce/orders`);
    await subscriber.until(() => subscriber.payloads('syslog').length === 2, 'the logs');
    await subscriber.until(() => subscriber.payloads('orders').length === 1, 'the order');
    assert.deepEqual(
      new Set(subscriber.payloads('syslog').map(({ message, content }) => message ?? content)),
      new Set(['over TCP', 'over UDP']),
    );
    const listening = satellite.records('listening').map(({ block }) => block);
    assert.ok(listening.includes('syslog/syslogreceiver'), listening.join());
    await land(satellite);
  });
}

test('syslog in a thread: what has come before a landing is delivered, in order', async (t) => {
  const { satellite, subscriber, syslog } = await fly(t);
  const count = 2_000;
  const socket = connect(Number(syslog), '127.0.0.1');
  const lines = Array.from({ length: count }, (_, n) => `<13>1 - host app - - - ${n}\n`).join('');
  await new Promise<void>((resolve) => socket.end(lines, resolve));
  await subscriber.until(() => subscriber.messages.length > 0, 'the first');
  await land(satellite);
  await subscriber.until(() => subscriber.payloads('syslog').length === count, 'all of them');
  assert.deepEqual(
    subscriber.payloads('syslog').map(({ message }) => Number(message)),
    Array.from({ length: count }, (_, n) => n),
  );
  const [landed] = satellite.records('landed');
  assert.equal(landed?.['clean'], true);
});
