// What TLS syslog into JetStream gains from a receiver in a thread: `node bench/dist/tls-thread.js`. Server and load share the cores with the
// satellite, so that the rate says little on a small machine. What bounds the rate where there are cores enough is the busiest thread: its CPU time
// a message is compared. Both in turns, five rounds.
import type { JetStreamManager } from '@nats-io/jetstream';
import { certificates, freePort, type Scope } from '@sputnikjs/testkit/servers';
import { median } from './measure.js';
import { inTurns } from './rounds.js';
import { cpuOfThreads, natsAt, newFolder, startAdapter } from './satellite.js';
import { onServer, rateOf } from './ways.js';

const IS_QUICK = process.argv.includes('--quick');
const MESSAGES = IS_QUICK ? 2_000 : 200_000;
const ROUNDS = IS_QUICK ? 1 : 5;
const CONNECTIONS = 10;
const BYTES = 200;
const PLACES = ['here', 'thread'] as const;
type Place = (typeof PLACES)[number];

interface Measured {
  /** Messages a second. */
  readonly rate: number;
  /** Microseconds of CPU time a message: of the busiest thread, and of all. */
  readonly busiest: number;
  readonly all: number;
}

interface Placed {
  readonly pid: number;
  readonly port: number;
  readonly stream: string;
}

/** A satellite with its syslog receiver nested in it at a place. */
async function started(url: string, place: Place, path: (name: string) => string, scope: Scope): Promise<Placed> {
  const [port, module] = [await freePort(), '@sputnikjs/adapter-syslog'];
  const files = {
    connector: natsAt(url, place),
    blocks: [{ name: 'producer' }, { satellite: 'syslog', place }],
    'syslog/blocks': [
      { name: 'syslogproducer', module },
      { name: 'syslogreceiver', module },
    ],
    'syslog/syslogproducer': { target: place },
    'syslog/syslogreceiver': {
      listeners: [{ transport: 'tls', port, certFile: path('server.pem'), keyFile: path('server.key') }],
    },
  };
  const { pid } = await startAdapter(await newFolder(scope), files, port, scope);
  return { pid, port, stream: place };
}

async function sample(one: Placed, streams: JetStreamManager): Promise<Measured> {
  const before = await cpuOfThreads(one);
  const rate = await rateOf(one, ['load-syslog.js', one.port, CONNECTIONS, MESSAGES, BYTES, 'tls'], MESSAGES, streams);
  const costs = [...(await cpuOfThreads(one))].map(([id, us]) => (us - (before.get(id) ?? 0)) / MESSAGES);
  return { rate, busiest: Math.max(...costs), all: costs.reduce((sum, us) => sum + us, 0) };
}

await onServer(async (url, streams, scope) => {
  const path = await certificates(scope, 'server.test');
  const both = [await started(url, 'here', path, scope), await started(url, 'thread', path, scope)] as const;
  const found = await inTurns(ROUNDS, both, (one) => sample(one, streams));
  console.log('| place | k/s | µs of CPU: busiest thread | all threads |');
  console.log('| --- | --- | --- | --- |');
  for (const [at, place] of PLACES.entries()) {
    const of = (key: keyof Measured): number => median((found[at] ?? []).map((one) => one[key]));
    console.log(
      `| ${place} | ${(of('rate') / 1000).toFixed(1)} | ${of('busiest').toFixed(1)} | ${of('all').toFixed(1)} |`,
    );
  }
  const [here, thread] = found;
  const gains = here.map(({ busiest }, round) => busiest / (thread[round]?.busiest ?? Number.NaN));
  const [least, most] = [Math.min(...gains), Math.max(...gains)];
  console.log(`given cores: ${median(gains).toFixed(2)} times the rate (${least.toFixed(2)}, ${most.toFixed(2)})`);
});
