import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '@sputnikjs/testkit/servers';
import { folder, run, Satellite, Subscriber } from './support.js';

const conf = (name: string): string => fileURLToPath(new URL(`../conf/${name}`, import.meta.url));

/** Stands before the producer, and fails for some messages, once they are delivered. */
const FLAKY = `
import { defineBlock } from '@sputnikjs/core';
export const flaky = defineBlock({
  name: 'flaky',
  address: 'flaky',
  needs: { producer: 'producer' },
  make: (_config, { producer }, { waitUntil }) => ({
    async onMsg(message) {
      await producer.ask(message);
      if (message.target === 'poison') waitUntil(Promise.reject(new Error('it is poisoned')));
    },
  }),
});
`;

test('a part that fails restarts, while syslog beside it goes on; nothing is lost, and the landing is clean', async (t) => {
  const [mqtt, syslog, http, admin] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const inner = folder(t, {
    'blocks.json': [
      { name: 'flaky', module: './flaky.mjs' },
      { name: 'httpgateway', module: '@sputnikjs/adapter-http', needs: { producer: 'flaky' } },
    ],
    'httpgateway.json': { port: http },
    'flaky.mjs': FLAKY,
  });
  const cf = folder(t, {
    'blocks.json': [
      { name: 'producer' },
      { satellite: 'web', folder: inner, restart: { most: 3, withinMs: 10_000 } },
      { satellite: 'syslog', folder: conf('demo-syslog'), outer: ['producer', 'connector'] },
    ],
    'connector.json': { module: '@sputnikjs/connector-mqtt', embedded: true, port: mqtt },
    'sputnik.json': { admin: { port: admin } },
  });
  const satellite = new Satellite(t, cf, { SYSLOG_SYSLOGRECEIVER_PORT: `${syslog}` });
  await satellite.logs('connected');
  const subscriber = await Subscriber.to(t, mqtt);
  const post = (target: string): Promise<string> =>
    run(
      t,
      'curl',
      '-s',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code}',
      '-d',
      '{}',
      `http://127.0.0.1:${http}/produce/${target}`,
    );
  const status = async (): Promise<Record<string, unknown>> =>
    JSON.parse(await run(t, 'curl', '-s', `http://127.0.0.1:${admin}/status`)) as Record<string, unknown>;
  assert.deepEqual([await post('orders'), await post('poison')], ['202', '202']);
  await satellite.logs('satelliteFailed');
  await run(t, 'logger', '-n', '127.0.0.1', '-P', `${syslog}`, '-T', 'beside it');
  await subscriber.until(() => subscriber.payloads('syslog').length === 1, 'syslog');
  await satellite.logs('satelliteRestarted');
  assert.equal(await post('orders'), '202');
  await subscriber.until(() => subscriber.payloads('orders').length === 2, 'both orders');
  assert.match(String(satellite.records('satelliteFailed')[0]?.['msg']), /^satellite web failed: .*it is poisoned/);
  const { satellites, ready } = await status();
  assert.deepEqual(satellites, [
    { path: 'web', state: 'flying', restarts: 1 },
    { path: 'syslog', state: 'flying', restarts: 0 },
  ]);
  assert.equal((ready as { ok: boolean }).ok, true);
  satellite.process.kill('SIGTERM');
  assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-3).join('\n'));
});
