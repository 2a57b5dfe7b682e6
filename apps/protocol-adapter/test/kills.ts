import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, natsServer, redisServer, type RealServer } from '@sputnikjs/testkit/servers';
import { HttpLoad, TcpLoad } from './load.js';
import { deliverAll } from './spooling.js';
import { storedInJetStream, storedInRedis } from './stored.js';
import { folder, Satellite, spoolFolder } from './support.js';
import { Tally } from './tally.js';

const CONF = fileURLToPath(new URL('../conf/', import.meta.url));
/** How long the satellite flies before it is killed, in milliseconds: at least, and how much more by chance. */
const [LEAST_MS, MORE_MS] = [50, 500] as const;

/** For how long JetStream knows a message again, in seconds: flights that are too short to get on are one outage. */
const LONGER_THAN_A_TRIAL = 7_200;

/** What is killed, and how often. */
export interface Trial {
  readonly kills: number;
  /** Which of the kills is one of the server, too. */
  readonly everyServerKill?: number | undefined;
}

/** Kills the satellite again and again under load over HTTP and TCP. Then JetStream has each accepted message, once. */
export async function killBeforeJetStream(t: TestContext, trial: Trial): Promise<void> {
  const server = await natsServer(t);
  const cf = copyOf(t, 'nats-spool');
  const path = join(cf, 'connector.json');
  const connector = JSON.parse(readFileSync(path, 'utf8')) as { readonly streams: readonly object[] };
  const streams = connector.streams.map((stream) => ({ ...stream, duplicateWindowSeconds: LONGER_THAN_A_TRIAL }));
  writeFileSync(path, JSON.stringify({ ...connector, streams }));
  const loads = await kill(t, trial, server, cf);
  const tally = await Tally.of(storedInJetStream(server));
  compare(t, trial, loads, tally);
  assert.deepEqual([tally.httpTwice, tally.tcpTwice], [0, 0]);
}

/** The same before Redis, which keeps what comes twice. */
export async function killBeforeRedis(t: TestContext, trial: Trial): Promise<void> {
  const server = await redisServer(t);
  const cf = copyOf(t, 'nats-spool');
  cpSync(join(CONF, 'redis', 'connector.json'), join(cf, 'connector.json'));
  const loads = await kill(t, trial, server, cf);
  compare(t, trial, loads, await Tally.of(storedInRedis(server)));
}

function copyOf(t: TestContext, name: string): string {
  const cf = folder(t);
  cpSync(join(CONF, name), cf, { recursive: true });
  return cf;
}

interface Loads {
  readonly http: HttpLoad;
  readonly tcp: TcpLoad;
}

/** Resolves when all that is on disk has been delivered. */
async function kill(t: TestContext, trial: Trial, server: RealServer, cf: string): Promise<Loads> {
  const { kills, everyServerKill = Infinity } = trial;
  const [syslogPort, httpPort] = [await freePort(), await freePort()];
  await server.start();
  const env = {
    CONNECTOR_URL: server.url,
    SYSLOGRECEIVER_PORT: `${syslogPort}`,
    HTTPGATEWAY_PORT: `${httpPort}`,
    SPUTNIK_ADMIN_PORT: '0',
    SPOOL_PATH: spoolFolder(t),
    SPOOL_FLUSH_AT_LANDING_MS: '14000',
  };
  const [http, tcp] = [new HttpLoad(httpPort), new TcpLoad(syslogPort)];
  const loads = Promise.all([http.run(), tcp.run()]);
  t.after(() => (http.isOver = tcp.isOver = true));
  let satellite = new Satellite(t, cf, env);
  for (let n = 1; n <= kills; n++) {
    await satellite.logs('launched');
    await sleep(LEAST_MS + Math.random() * MORE_MS);
    if (n % everyServerKill === 0) await server.stop();
    satellite.process.kill('SIGKILL');
    await satellite.ended;
    satellite = new Satellite(t, cf, env);
    if (n % everyServerKill === 0) await server.start();
  }
  await satellite.logs('connected');
  await sleep(MORE_MS);
  http.isOver = tcp.isOver = true;
  await loads;
  await deliverAll(satellite, () => new Satellite(t, cf, env));
  return { http, tcp };
}

/** Prints the figures; what was accepted has to be there. That it is so exactly as it was sent, the tally has seen to. */
function compare(t: TestContext, { kills }: Trial, { http, tcp }: Loads, tally: Tally): void {
  const missing = [...http.accepted].filter((key) => !tally.http.has(key));
  t.diagnostic(
    `${kills} kills: ${http.accepted.size} of HTTP accepted, ${tally.http.size} stored, ${missing.length} missing, ${tally.httpTwice} twice; ` +
      `${tcp.sent} of TCP written, ${tally.tcp} stored, ${tally.tcpTwice} twice, on ${tcp.connections} connections`,
  );
  assert.deepEqual(missing, []);
  assert.ok(http.accepted.size > kills && tally.tcp > kills);
}
