import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { freePort } from '@sputnikjs/testkit/servers';
import { run, Satellite, Subscriber } from './support.js';

const conf = (name: string): string => fileURLToPath(new URL(`../conf/${name}`, import.meta.url));

test('the demo split into two folders runs as two processes at the same time', async (t) => {
  const [mqtt, syslog, http] = [await freePort(), await freePort(), await freePort()];
  const first = new Satellite(t, conf('demo-syslog'), {
    CONNECTOR_PORT: `${mqtt}`,
    SYSLOGRECEIVER_PORT: `${syslog}`,
    SPUTNIK_ADMIN_PORT: '0',
  });
  const second = new Satellite(t, conf('demo-http'), {
    CONNECTOR_URL: `mqtt://127.0.0.1:${mqtt}`,
    HTTPGATEWAY_PORT: `${http}`,
    SPUTNIK_ADMIN_PORT: '0',
  });
  await Promise.all([first.logs('connected'), second.logs('connected')]);
  const subscriber = await Subscriber.to(t, mqtt);
  await run(t, 'logger', '-n', '127.0.0.1', '-P', `${syslog}`, '-T', 'from one');
  await run(t, 'curl', '-sf', '-d', '{"from":"the other"}', `http://127.0.0.1:${http}/produce/orders`);
  await subscriber.until(() => subscriber.payloads('syslog').length === 1, 'the log');
  await subscriber.until(() => subscriber.payloads('orders').length === 1, 'the order');
  assert.equal(subscriber.payloads('syslog')[0]?.['message'], 'from one');
  assert.deepEqual(subscriber.payloads('orders'), [{ from: 'the other' }]);

  for (const satellite of [second, first]) {
    satellite.process.kill('SIGTERM');
    assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
  }
});
