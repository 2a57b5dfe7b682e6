import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { test } from 'node:test';
import { freePort, natsServer } from '@sputnikjs/testkit/servers';
import { folder, run, Satellite } from './support.js';

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
    HTTP_HTTPGATEWAY_PORT: '0',
    SYSLOG_SYSLOGRECEIVER_PORT: '0',
    SPUTNIK_ADMIN_PORT: '0',
  };
  const demo = new URL('../conf/demo', import.meta.url).pathname;
  for (const variable of Object.keys(free)) {
    const satellite = new Satellite(t, demo, { ...free, [variable]: `${port}` });
    assert.deepEqual(await satellite.ended, { code: 1, signal: null }, variable);
    assert.match(satellite.errors.join('\n'), new RegExp(`${port}`), variable);
  }
});

test('syslog that the server refuses is lost, which the last line says with how many, and the exit code', async (t) => {
  const [nats, syslog, http] = [await natsServer(t), await freePort(), await freePort()];
  await nats.start();
  const cf = folder(t, {
    'blocks.json': [
      { name: 'producer' },
      { name: 'syslogproducer', module: '@sputnikjs/adapter-syslog' },
      { name: 'syslogreceiver', module: '@sputnikjs/adapter-syslog' },
      { name: 'httpgateway', module: '@sputnikjs/adapter-http' },
    ],
    'connector.json': { module: '@sputnikjs/connector-nats', url: nats.url },
    'syslogproducer.json': { target: 'no.stream.takes.this' },
    'syslogreceiver.json': { port: syslog },
    'httpgateway.json': { port: http },
  });
  const fly = async (): Promise<Satellite> => {
    const satellite = new Satellite(t, cf);
    await satellite.logs('connected');
    const refused = await fetch(`http://127.0.0.1:${http}/produce/nor.this`, { method: 'POST', body: 'x' });
    assert.equal(refused.status, 502);
    return satellite;
  };
  const land = async (satellite: Satellite): Promise<[number | null, unknown]> => {
    satellite.process.kill('SIGTERM');
    const { code } = await satellite.ended;
    return [code, (JSON.parse(satellite.lines.at(-1) ?? '') as { msg: string }).msg];
  };

  const losing = await fly();
  for (const text of ['one', 'two', 'three']) await run(t, 'logger', '-n', '127.0.0.1', '-P', `${syslog}`, '-T', text);
  await losing.logs('failed');
  const [code, last] = await land(losing);
  assert.equal(code, 1);
  assert.match(
    String(last),
    /^landed after SIGTERM in \d+ ms, not clean: producer\.onMsgs failed 3 times: .*no\.stream/,
  );

  const [told, clean] = await land(await fly());
  assert.equal(told, 0, 'whoever posted by HTTP knows');
  assert.match(String(clean), /, clean$/);
});
