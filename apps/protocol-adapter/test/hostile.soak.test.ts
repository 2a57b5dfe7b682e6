import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { freePort, natsServer } from '@sputnikjs/testkit/servers';
import type { Targets } from './fixtures/attackers.js';
import { folder, Program } from './support.js';

const SOAK_MS = 60_000;
/** Nobody is given up for being slow: the attackers take most of the processor. */
const PATIENCE_MS = 60_000;
/** With all attacks at once, on the same processors, a post may take so many times as long at the median as without any. */
const MOST_TIMES = 100;
/** The satellite may need so much when all attack it at once. */
const PEAK_MB = 400;
const SPUTNIK = fileURLToPath(new URL('../../../packages/sidecar/bin/sputnik.js', import.meta.url));
const ATTACKERS = fileURLToPath(new URL('fixtures/attackers.js', import.meta.url));

const SERVERS = ['nats', 'redis', 'mqtt', 'amqp'] as const;

async function freePorts(): Promise<Targets> {
  const names = ['http', 'syslog', 'admin', 'broker', ...SERVERS, 'webhook'];
  const ports: Record<string, number> = {};
  // one after the other: each is free when it is looked for
  for (const name of names) ports[name] = await freePort();
  return ports as unknown as Targets;
}

function medianOf(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? 0;
}

/** Writes a satellite into a folder of its own in that of another one: nothing but a connection to a server. */
function nest(cf: string, name: string, connector: object): void {
  mkdirSync(join(cf, name));
  const files = { 'blocks.json': [{ name: 'producer' }], 'connector.json': connector };
  for (const [file, value] of Object.entries(files)) writeFileSync(join(cf, name, file), JSON.stringify(value));
}

test('all attacks on all listeners, and by all servers, at once for a minute: a satellite with a heap of 128 MB lives, serves a good client of each, and lands clean', async (t) => {
  const server = await natsServer(t);
  await server.start();
  const targets = await freePorts();
  const { http, syslog, admin } = targets;
  const cf = folder(t, {
    right: 'right',
    bad: 'bad',
    'blocks.json': [
      ...['broker', ...SERVERS].map((satellite) => ({ satellite })),
      { name: 'producer' },
      { name: 'webhook', module: '@sputnikjs/adapter-webhook' },
      { name: 'consumer' },
      { name: 'syslogproducer', module: '@sputnikjs/adapter-syslog' },
      { name: 'syslogreceiver', module: '@sputnikjs/adapter-syslog' },
      { name: 'httpgateway', module: '@sputnikjs/adapter-http' },
    ],
    'connector.json': {
      module: '@sputnikjs/connector-nats',
      url: server.url,
      streams: [
        { name: 'GOOD', subjects: ['good.>'], storage: 'file' },
        { name: 'HOOKS', subjects: ['hooks'], storage: 'file' },
        { name: 'BAD', subjects: ['bad'], storage: 'file', maxBytes: 100_000_000, discard: 'old' },
      ],
    },
    'syslogproducer.json': { target: 'bad' },
    'syslogconf.json': [{ selector: 'local7', target: 'good.syslog' }],
    // a flood of datagrams loses some, which the landing says: it has a test of its own
    'syslogreceiver.json': { port: syslog, udp: false, maxConnections: 200 },
    'consumer.json': { source: 'hooks' },
    'webhook.json': {
      url: `http://127.0.0.1:${targets.webhook}/`,
      secret: `whsec_${Buffer.alloc(32, 's').toString('base64')}`,
      allowedNetworks: ['127.0.0.1'],
    },
    'httpgateway.json': { timeoutMs: PATIENCE_MS, consume: { sources: ['bad'] }, request: { targets: ['bad'] } },
    'sputnik.json': { admin: { port: admin }, timeouts: { heartbeatMs: PATIENCE_MS } },
  });
  nest(cf, 'broker', { module: '@sputnikjs/connector-mqtt', embedded: true, port: targets.broker });
  for (const name of SERVERS)
    nest(cf, name, { module: `@sputnikjs/connector-${name}`, url: `${name}://127.0.0.1:${targets[name]}` });
  const tokens = [
    { name: 'good', file: join(cf, 'right'), targets: ['good.http', 'hooks'] },
    { name: 'bad', file: join(cf, 'bad'), targets: ['bad'], sources: ['bad'], requests: ['bad'] },
  ];
  const args = ['--single-threaded-gc', '--max-old-space-size=128', SPUTNIK, 'run', '--cf', cf];
  const satellite = new Program(t, process.execPath, args, {
    HTTPGATEWAY_PORT: `${http}`,
    HTTPGATEWAY_TOKENS: JSON.stringify(tokens),
  });
  const good = (target: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${http}/produce/${target}`, {
      method: 'POST',
      headers: { authorization: 'Bearer right' },
      body: 'x'.repeat(10_000),
    });
  while ((await good('hooks').catch(() => undefined))?.status !== 202) await sleep(100);
  const quiet: number[] = [];
  for (let n = 0; n < 50; n++) {
    const since = performance.now();
    await good('good.http');
    quiet.push(performance.now() - since);
  }
  const attackers = new Program(t, process.execPath, [ATTACKERS, JSON.stringify(targets)]);
  const statuses = new Map<number, number>();
  const took: number[] = [];
  let sent = 0;
  for (const end = performance.now() + SOAK_MS; performance.now() < end; await sleep(50)) {
    const since = performance.now();
    const { status } = await good('good.http');
    if (sent % 20 === 0) await good('hooks');
    took.push(performance.now() - since);
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    const socket = connect({ port: syslog, host: '127.0.0.1', localAddress: '127.0.0.3' }).on('error', () => {});
    socket.end(`<190>1 - h good - - - ${sent++}\n`);
  }
  const alive = await fetch(`http://127.0.0.1:${admin}/livez`);
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
  const [median, usual] = [medianOf(took), medianOf(quiet)];
  t.diagnostic(
    `${took.length} posts, ${median.toFixed(0)} ms at the median (${usual.toFixed(1)} before), ${Math.max(...took).toFixed(0)} at most; ${lines} of ${sent} lines; peak ${peakMb.toFixed(0)} MB`,
  );
  t.diagnostic(landed);
  assert.deepEqual([...statuses.keys()], [202], 'the good client is served throughout');
  assert.equal(posts, quiet.length + took.length, 'what was answered 202 is there');
  assert.equal(lines, sent, 'every line of the good sender is there');
  assert.equal(alive.status, 200);
  assert.ok(median < MOST_TIMES * usual, `a post takes ${median} ms at the median, and ${usual} without attacks`);
  assert.ok(peakMb < PEAK_MB, `it took ${peakMb} MB`);
  assert.equal(code, 0, landed);
  assert.equal((JSON.parse(landed) as { readonly clean?: boolean }).clean, true, landed);
  for (const name of SERVERS) {
    const said = satellite.lines.filter(
      (line) => line.includes(`"satellite":"${name}"`) || line.includes(`${name}://`),
    );
    assert.match(said.join('\n'), /announces|64 kB|1 MiB|does not speak/, `${name} was not attacked`);
  }
});
