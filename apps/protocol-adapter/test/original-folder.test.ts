import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { jetstream } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { freePort, natsServer } from '@sputnikjs/testkit/servers';
import { Program, run, Satellite } from './support.js';

const BIN = fileURLToPath(new URL('../bin/protocol-adapter.js', import.meta.url));

/** As the original's users have it, anywhere on the disk; the blank in a key is theirs, too. */
async function originalFolder(t: TestContext, url: string, port: number): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'sputnik-original-'));
  t.after(() => rm(path, { recursive: true }));
  const files = {
    'blocks.json': [
      { Name: 'syslogreceiver', Responsibility: 'syslogreceiver' },
      { Name: 'syslogproducer', Responsibility: 'syslogproducer' },
    ],
    'connector.json': { CONN_URL: url },
    'syslogproducer.json': { STREAM: 'syslogs' },
    'syslogreceiver.json': {
      SEVERITYLEVEL: 4,
      ADDRTCP: `127.0.0.1:${port}`,
      ADDRUDP: `127.0.0.1:${port}`,
      UDSPATH: '',
      ADDRTCPTLS: '',
      CLIENT_CERT_PATH: '',
      'CLIENT_KEY_PATH ': '',
      ROOT_CA_PATH: '',
    },
  };
  for (const [name, value] of Object.entries(files)) await writeFile(join(path, name), JSON.stringify(value, null, 4));
  return path;
}

async function client(t: TestContext, url: string): Promise<NatsConnection> {
  const nats = await connect({ servers: url });
  t.after(() => nats.close());
  return nats;
}

test('a folder of the Go original runs unchanged: its user points at it', async (t) => {
  const [server, port] = [await natsServer(t), await freePort()];
  await server.start();
  const cf = await originalFolder(t, server.url, port);
  const check = new Program(t, process.execPath, [BIN, 'check', '--cf', cf]);
  assert.deepEqual([await check.ended, check.lines], [{ code: 0, signal: null }, [`${cf}: ok, 3 blocks`]]);

  const satellite = new Satellite(t, cf, {}, BIN);
  await satellite.logs('connected');
  await run(t, 'logger', '-n', '127.0.0.1', '-P', `${port}`, '-T', '-p', 'local0.info', 'below the level');
  await run(t, 'logger', '-n', '127.0.0.1', '-P', `${port}`, '-T', '-p', 'local0.err', 'by TCP');
  const nats = await client(t, server.url);
  const consumer = await jetstream(nats).consumers.get('syslogs');
  const message = await consumer.next();
  const { facility, severity, message: text } = message?.json<Record<string, unknown>>() ?? {};
  assert.deepEqual([message?.subject, facility, severity, text], ['syslogs', 16, 3, 'by TCP']);
  await run(t, 'logger', '-n', '127.0.0.1', '-P', `${port}`, '-d', '-p', 'local0.crit', 'by UDP');
  assert.equal((await consumer.next())?.json<Record<string, unknown>>()['message'], 'by UDP');
  satellite.process.kill('SIGTERM');
  assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
});

test('user and password in the address of the original are taken out of it', async (t) => {
  const server = await natsServer(t, ['authorization { user: "me", password: "p@ss" }']);
  await server.start();
  const cf = await originalFolder(t, `nats://me:p%40ss@127.0.0.1:${server.port}`, await freePort());
  const satellite = new Satellite(t, cf, {}, BIN);
  await satellite.logs('connected');
  satellite.process.kill('SIGTERM');
  assert.equal((await satellite.ended).code, 0);
  assert.ok(!satellite.lines.some((line) => line.includes('p@ss') || line.includes('p%40ss')));
});

test('a "%" in the password of the original that begins no escape is a problem, which does not show the password', async (t) => {
  const cf = await originalFolder(t, 'nats://me:50%off@127.0.0.1:4222', 5141);
  const check = new Program(t, process.execPath, [BIN, 'check', '--cf', cf]);
  assert.equal((await check.ended).code, 78);
  assert.deepEqual(check.errors, [
    `${join(cf, 'connector.json')}: CONN_URL: the user or the password has a "%" that begins no escape; write it as %25`,
  ]);
});

test('what is wrong with a folder of the original is told by the names of today, with the file', async (t) => {
  const cf = await originalFolder(t, 'http://127.0.0.1:4222', 5141);
  const check = new Program(t, process.execPath, [BIN, 'check', '--cf', cf]);
  assert.equal((await check.ended).code, 78);
  assert.deepEqual(check.errors, [
    `${join(cf, 'connector.json')}: url: expected nats://host:port, or tls://host:port for TLS`,
  ]);
});
