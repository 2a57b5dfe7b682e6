import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { freePort } from '@sputnikjs/testkit/servers';
import { folder, Satellite } from './support.js';

test('every problem of a folder is told in one run, a line each, with exit 78', async (t) => {
  const cf = folder(t, {
    'blocks.json': [
      { name: 'syslogproducer', module: '@sputnikjs/adapter-syslog' },
      { name: 'syslogreceiver', module: '@sputnikjs/adapter-syslog' },
      { name: 'httpgateway', module: '@sputnikjs/adapter-htp' },
      { name: 'consumer' },
    ],
    'connector.json': { module: '@sputnikjs/connector-mqtt', url: 1883 },
    'syslogreceiver.json': { prot: 5514 },
  });
  const satellite = new Satellite(t, cf);
  assert.deepEqual(await satellite.ended, { code: 78, signal: null });
  const told = satellite.errors.join('\n');
  for (const problem of [
    /syslogreceiver\.json.*prot.*port/, // a typo in a key
    /connector\.json.*url/, // a wrong type
    /consumer.*source/, // a missing file, whose key has no default
    /@sputnikjs\/adapter-htp.*not found/, // an unknown module
    /syslogproducer.*producer/, // an unmet need
  ]) {
    assert.match(told, problem);
  }
  assert.ok(satellite.errors.length >= 5 && satellite.errors.every((line) => line.trim() !== ''), told);
});

test('a port in use is told with its number, with exit 1', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  const free = {
    CONNECTOR_PORT: `${await freePort()}`,
    HTTPGATEWAY_PORT: `${await freePort()}`,
    SYSLOGRECEIVER_PORT: `${await freePort()}`,
  };
  const demo = new URL('../conf/demo', import.meta.url).pathname;
  for (const variable of Object.keys(free)) {
    const satellite = new Satellite(t, demo, { ...free, [variable]: `${port}` });
    assert.deepEqual(await satellite.ended, { code: 1, signal: null }, variable);
    assert.match(satellite.errors.join('\n'), new RegExp(`${port}`), variable);
  }
});
