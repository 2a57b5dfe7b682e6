import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort, mosquitto } from '@sputnikjs/testkit/servers';
import { folder, Satellite, Subscriber } from './support.js';

const BLOCKS = [
  { name: 'producer' },
  { name: 'syslogproducer', module: '@sputnikjs/adapter-syslog' },
  { name: 'syslogreceiver', module: '@sputnikjs/adapter-syslog' },
  { name: 'httpgateway', module: '@sputnikjs/adapter-http' },
];

test('a broker that comes late, is killed and comes again under load is noticed; HTTP answers 503 meanwhile', async (t) => {
  const [broker, syslog, http] = [await mosquitto(t), await freePort(), await freePort()];
  const cf = folder(t, {
    'blocks.json': BLOCKS,
    'connector.json': { module: '@sputnikjs/connector-mqtt', url: broker.url },
    'syslogreceiver.json': { port: syslog },
    'httpgateway.json': { port: http },
  });
  const satellite = new Satellite(t, cf);
  const post = async (n: number): Promise<number> => {
    const answer = await fetch(`http://127.0.0.1:${http}/produce/load`, { method: 'POST', body: `{"n":${n}}` });
    await answer.arrayBuffer();
    return answer.status;
  };

  await satellite.logs('connectFailed');
  assert.equal(await post(0), 503, 'before the broker is there');

  await broker.start();
  await satellite.logs('connected');
  const before = await Subscriber.to(t, broker.port);
  assert.equal(await post(1), 202);

  const statuses: number[] = [];
  let n = 1;
  const loading = new AbortController();
  const load = (async () => {
    while (!loading.signal.aborted) statuses.push(await post(++n));
  })();
  await before.until(() => before.payloads('load').length > 200, 'load');
  await broker.stop();
  await satellite.logs('disconnected');
  assert.equal(await post(-1), 503, 'while the broker is away');
  await broker.start();
  await satellite.logs('connected', 2);
  const after = await Subscriber.to(t, broker.port);
  await after.until(() => after.payloads('load').length > 200, 'load again');
  loading.abort();
  await load;

  assert.deepEqual(new Set(statuses), new Set([202, 503]), 'nothing but taken and away');
  assert.equal(statuses.at(-1), 202);
  satellite.process.kill('SIGTERM');
  assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
});
