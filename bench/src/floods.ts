// Floods of datagrams at a fixed rate: which share never gets into the stream, and which one a socket loses that only counts.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { JetStreamManager } from '@nats-io/jetstream';
import { freePort } from '@sputnikjs/testkit/servers';
import { median } from './measure.js';
import { inTurns, output, programOf } from './rounds.js';
import type { Satellite } from './satellite.js';
import { percent, spreadOf, thousands, type Row } from './table.js';

const RATES = [
  { rate: 80_000, most: 0 },
  { rate: 200_000, most: 0.2 },
];
/** Long enough for the last datagrams to be stored. */
const SETTLE_MS = 1_500;

/** How long a flood is, and how often it comes. */
export interface FloodEffort {
  readonly rounds: number;
  readonly seconds: number;
}

/** Floods both in turns, and a socket that only counts after each pair. */
export async function measureFloods(
  { rounds, seconds }: FloodEffort,
  both: readonly [Satellite, Satellite],
  streams: JetStreamManager,
  tell: (progress: string) => void,
): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const { rate, most } of RATES) {
    const title = `syslog over UDP, ${thousands(rate)}, share that is lost`;
    tell(title);
    const lost = await inTurns(rounds, both, (one) => lossOf(one, rate, seconds, streams));
    const alone: number[] = [];
    for (let round = 0; round < rounds; round++) alone.push(await lossOfCounting(rate, seconds));
    rows.push(
      {
        title,
        ours: percent(median(lost[0])),
        baseline: percent(median(lost[1])),
        figure: spreadOf(lost[0]),
        budget: { is: 'at most', bound: most },
      },
      {
        title: '  the same of a socket that only counts',
        ours: '',
        baseline: percent(median(alone)),
        figure: spreadOf(alone),
      },
    );
  }
  return rows;
}

async function lossOf(one: Satellite, rate: number, seconds: number, { streams }: JetStreamManager): Promise<number> {
  await streams.purge(one.stream);
  const sent = Number(await output(['load-udp.js', one.udpPort, rate, seconds]));
  await sleep(SETTLE_MS);
  return 1 - (await streams.info(one.stream)).state.messages / sent;
}

async function lossOfCounting(rate: number, seconds: number): Promise<number> {
  const port = await freePort();
  const child = spawn(process.execPath, [programOf('count-udp.js'), String(port)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.on('data', (chunk) => (printed += String(chunk)));
  await once(child.stdout, 'data');
  const sent = Number(await output(['load-udp.js', port, rate, seconds]));
  await sleep(SETTLE_MS);
  child.stdin.end();
  await once(child, 'close');
  return 1 - Number(printed.split('\n')[1]) / sent;
}
