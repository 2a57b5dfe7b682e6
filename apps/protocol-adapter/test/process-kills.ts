import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, natsServer } from '@sputnikjs/testkit/servers';
import { HttpLoad, TcpLoad } from './load.js';
import { storedInJetStream } from './stored.js';
import { folder, Satellite, spoolFolder } from './support.js';
import { Tally } from './tally.js';

const CONF = fileURLToPath(new URL('../conf/', import.meta.url));
/** Between two kills, in milliseconds: at least, and how much more by chance. */
const [LEAST_MS, MORE_MS] = [300, 1_200] as const;
/** For how long the stream knows a message again, in seconds: longer than a trial takes. */
const WINDOW_SECONDS = 7_200;
/** How long a process stands still that is frozen, in milliseconds: longer than two heartbeats. */
const FROZEN_MS = 2_500;

/** What is done to three processes and their server, in turn. */
export interface ProcessTrial {
  /** How often each is killed. */
  readonly rounds: number;
}

/**
 * Runs `conf/nats-processes` as three processes under load over HTTP and TCP. Each is killed in turn, then frozen, then the server is killed. Then
 * the stream has each message that was accepted: over HTTP by a 202, over TCP by the spool, of each connection in order.
 */
export async function killProcesses(t: TestContext, { rounds }: ProcessTrial): Promise<void> {
  const server = await natsServer(t);
  await server.start();
  const cf = folder(t);
  cpSync(join(CONF, 'nats-processes'), cf, { recursive: true });
  const file = join(cf, 'connector.json');
  const connector = JSON.parse(readFileSync(file, 'utf8')) as { readonly streams: readonly object[] };
  const streams = connector.streams.map((stream) => ({ ...stream, duplicateWindowSeconds: WINDOW_SECONDS }));
  writeFileSync(file, JSON.stringify({ ...connector, streams }));
  const [syslogPort, httpPort] = [await freePort(), await freePort()];
  const env = {
    CONNECTOR_URL: server.url,
    JOIN_URL: server.url,
    SPUTNIK_ADMIN_PORT: '0',
    SPUTNIK_TIMEOUTS_HEARTBEAT_MS: '1000',
    SYSLOG_SPUTNIK_ADMIN_PORT: '0',
    SYSLOG_SPUTNIK_TIMEOUTS_HEARTBEAT_MS: '1000',
    SYSLOG_SYSLOGRECEIVER_PORT: `${syslogPort}`,
    SYSLOG_SPOOL_PATH: spoolFolder(t),
    SYSLOG_SPOOL_FLUSH_AT_LANDING_MS: '14000',
    HTTP_SPUTNIK_ADMIN_PORT: '0',
    HTTP_SPUTNIK_TIMEOUTS_HEARTBEAT_MS: '1000',
    HTTP_HTTPGATEWAY_PORT: `${httpPort}`,
  };
  const start = (satellite: string): Satellite => new Satellite(t, cf, env, undefined, [], satellite);
  const names = ['', 'syslog', 'http'];
  const running = new Map(names.map((name) => [name, start(name)]));
  const [http, tcp] = [new HttpLoad(httpPort), new TcpLoad(syslogPort)];
  const loads = Promise.all([http.run(), tcp.run()]);
  t.after(() => (http.isOver = tcp.isOver = true));
  const calm = (): Promise<void> => sleep(LEAST_MS + Math.random() * MORE_MS);
  for (let round = 0; round < rounds; round++) {
    for (const name of names) {
      const satellite = running.get(name);
      await satellite?.logs('launched');
      await calm();
      satellite?.process.kill('SIGKILL');
      await satellite?.ended;
      running.set(name, start(name));
    }
    const frozen = running.get(names[round % names.length] ?? '');
    await frozen?.logs('launched');
    frozen?.process.kill('SIGSTOP');
    await sleep(FROZEN_MS);
    frozen?.process.kill('SIGCONT');
    await calm();
    await server.stop();
    await server.start();
  }
  await calm();
  await Promise.all([...running.values()].map((satellite) => satellite.logs('partReachable')));
  http.isOver = tcp.isOver = true;
  await loads;
  // those that send land first; what the syslog satellite has no time for is delivered after the next start
  await land(running.get('http'));
  for (let syslog = running.get('syslog'); ; syslog = start('syslog')) {
    await land(syslog);
    if (syslog?.records('spoolKept').length === 0) break;
  }
  await land(running.get(''));
  const tally = await Tally.of(storedInJetStream(server));
  const missing = [...http.accepted].filter((key) => !tally.http.has(key));
  t.diagnostic(
    `${rounds * 3} kills of processes, ${rounds} freezes, ${rounds} kills of the server: ${http.accepted.size} of HTTP accepted (answers: ${[...http.statuses].map(([status, count]) => `${count} × ${status}`).join(', ')}), ` +
      `${tally.http.size} stored, ${missing.length} missing, ${tally.httpTwice} twice; ${tcp.sent} of TCP written, ` +
      `${tally.tcp} stored, ${tally.tcpTwice} twice, on ${tcp.connections} connections`,
  );
  assert.deepEqual(missing, []);
  assert.equal(tally.tcpTwice, 0);
  assert.ok(http.accepted.size > rounds && tally.tcp > rounds);
}

async function land(satellite: Satellite | undefined): Promise<void> {
  await satellite?.logs('partReachable');
  satellite?.process.kill('SIGTERM');
  assert.deepEqual(await satellite?.ended, { code: 0, signal: null }, satellite?.lines.slice(-5).join('\n'));
}
