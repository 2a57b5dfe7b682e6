import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { freePort, natsServer } from '@sputnikjs/testkit/servers';
import { folder, Program } from './support.js';

const SOAK_MS = 60_000;
/** The satellite may need so much when all attack it at once. */
const PEAK_MB = 350;
const SPUTNIK = fileURLToPath(new URL('../../../packages/sidecar/bin/sputnik.js', import.meta.url));
const ATTACKERS = fileURLToPath(new URL('fixtures/attackers.js', import.meta.url));

test('all attacks on all listeners at once for a minute: a satellite with a heap of 128 MB lives, serves a good client of each, and lands clean', async (t) => {
  const server = await natsServer(t);
  await server.start();
  const [http, syslog, admin] = [await freePort(), await freePort(), await freePort()];
  const cf = folder(t, {
    token: 'right',
    'blocks.json': [
      { name: 'producer' },
      { name: 'syslogproducer', module: '@sputnikjs/adapter-syslog' },
      { name: 'syslogreceiver', module: '@sputnikjs/adapter-syslog' },
      { name: 'httpgateway', module: '@sputnikjs/adapter-http' },
    ],
    'connector.json': {
      module: '@sputnikjs/connector-nats',
      url: server.url,
      streams: [
        { name: 'GOOD', subjects: ['good.>'], storage: 'file' },
        { name: 'BAD', subjects: ['bad'], storage: 'file', maxBytes: 100_000_000, discard: 'old' },
      ],
    },
    'syslogproducer.json': { target: 'bad' },
    'syslogconf.json': [{ selector: 'local7', target: 'good.syslog' }],
    'syslogreceiver.json': { port: syslog, udp: false, maxConnections: 200 },
    'sputnik.json': { admin: { port: admin } },
  });
  const tokens = [{ name: 'good', file: join(cf, 'token'), targets: ['good.http'] }];
  const args = ['--single-threaded-gc', '--max-old-space-size=128', SPUTNIK, 'run', '--cf', cf];
  const satellite = new Program(t, process.execPath, args, {
    HTTPGATEWAY_PORT: `${http}`,
    HTTPGATEWAY_TOKENS: JSON.stringify(tokens),
  });
  await satellite.until(() => satellite.lines.some((line) => line.includes('"event":"connected"')), 'connected');
  const attackers = new Program(t, process.execPath, [ATTACKERS, ...[http, syslog, admin].map(String)]);
  const statuses = new Map<number, number>();
  const took: number[] = [];
  let sent = 0;
  for (const end = performance.now() + SOAK_MS; performance.now() < end; await sleep(50)) {
    const since = performance.now();
    const { status } = await fetch(`http://127.0.0.1:${http}/produce/good.http`, {
      method: 'POST',
      headers: { authorization: 'Bearer right' },
      body: 'x'.repeat(10_000),
    });
    took.push(performance.now() - since);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    const socket = connect({ port: syslog, host: '127.0.0.1', localAddress: '127.0.0.3' }).on('error', () => {});
    socket.end(`<190>1 - h good - - - ${sent++}\n`);
  }
  const ready = await fetch(`http://127.0.0.1:${admin}/readyz`);
  attackers.process.kill('SIGKILL');
  const peakMb =
    Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${satellite.process.pid}/status`, 'utf8'))?.[1]) / 1024;
  satellite.process.kill('SIGTERM');
  const { code } = await satellite.ended;
  const landed = satellite.lines.find((line) => line.includes('"event":"landed"')) ?? '';

  const nats = await connectNats({ servers: server.url });
  t.after(() => nats.close());
  const { state } = await (await jetstreamManager(nats)).streams.info('GOOD', { subjects_filter: '>' });
  const { 'good.http': posts = 0, 'good.syslog': lines = 0 } = state.subjects ?? {};
  const median = took.toSorted((a, b) => a - b)[took.length >> 1] ?? 0;
  t.diagnostic(
    `${took.length} posts, ${median.toFixed(0)} ms at the median, ${Math.max(...took).toFixed(0)} at most; ${lines} of ${sent} lines; peak ${peakMb.toFixed(0)} MB`,
  );
  t.diagnostic(landed);
  assert.deepEqual([...statuses.keys()], [202], 'the good client is served throughout');
  assert.equal(posts, took.length, 'what was answered 202 is there');
  assert.equal(lines, sent, 'every line of the good sender is there');
  assert.equal(ready.status, 200);
  assert.ok(peakMb < PEAK_MB, `it took ${peakMb} MB`);
  assert.equal(code, 0, landed);
});
