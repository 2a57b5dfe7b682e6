import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { measureBoot } from './boot.js';
import { measureGrowth, type GrowthEffort } from './growth.js';
import { measure, median, type Effort, type Speeds } from './measure.js';
import { MESSAGE_ROWS, type MessageRow } from './messages.js';
import { measureOutages } from './outage.js';
import { PEER_ROWS } from './peers.js';
import { SERVER_BUDGET, SERVER_ROWS } from './servers.js';
import {
  linesOf,
  megabytes,
  millions,
  millis,
  spreadOf,
  thousands,
  verdictOn,
  type Budget,
  type Row,
} from './table.js';
import { measureKept } from './kept.js';
import { measureSpool, measureWays, type WaysEffort } from './ways.js';

const isQuick = process.argv.includes('--quick');
const QUICK: Effort = { rounds: 1, sampleMs: 1, batch: 1000 };
const effort: Effort = isQuick ? QUICK : { rounds: 11, sampleMs: 200, batch: 20_000 };
/** A server takes thousands in a second, not millions. */
const serverEffort: Effort = isQuick ? QUICK : { rounds: 11, sampleMs: 500, batch: 5_000 };
const waysEffort: WaysEffort = isQuick
  ? { rounds: 1, messages: 1_000, seconds: 0.1, starts: 1 }
  : { rounds: 5, messages: 200_000, seconds: 5, starts: 5 };
const growthEffort: GrowthEffort = isQuick
  ? { counts: [1, 10], sizes: [64, 1_024], messages: 1_000 }
  : { counts: [1, 10, 100, 1_000, 5_000], sizes: [64, 1_024, 16_384, 65_536], messages: 100_000 };
const row = process.argv.indexOf('--row');

if (row >= 0) await measureRow(process.argv[row + 1] ?? '');
else await printTable();

/** Measures one row in this process, and writes its speeds as JSON. */
async function measureRow(title: string): Promise<void> {
  const message = [...MESSAGE_ROWS, ...PEER_ROWS].find((candidate) => candidate.title === title);
  const contest = await (message ?? SERVER_ROWS.find((candidate) => candidate.title === title))?.start();
  if (!contest) throw new Error(`there is no row ${JSON.stringify(title)}`);
  console.log(JSON.stringify(await measure(contest, message ? effort : serverEffort)));
  await contest.end();
}

/** A process for each row: what the compiler learned from one would slow the next. */
function speedsOf(title: string): Speeds {
  tell(title);
  const args = [fileURLToPath(import.meta.url), '--row', title, ...(isQuick ? ['--quick'] : [])];
  const { status, stdout } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`the row ${JSON.stringify(title)} ended with ${status}`);
  return JSON.parse(stdout) as Speeds;
}

/** Prints part by part; the exit code is 1 if a budget is missed, unless `--report` or `--quick` is given. */
async function printTable(): Promise<void> {
  const [cpu] = cpus();
  const machine = `${cpus().length} × ${cpu?.model.trim() ?? 'unknown processor'}`;
  console.log(`node ${process.version}, ${machine}${isQuick ? '; too quick to mean anything' : ''}`);
  const parts: readonly (readonly [Parameters<typeof linesOf>[0], () => readonly Row[] | Promise<readonly Row[]>])[] = [
    [['block to block, no server', 'sputnik', 'fastq'], () => messageRows(MESSAGE_ROWS)],
    [['the same beside other libraries', 'sputnik', 'the other'], () => messageRows(PEER_ROWS)],
    [['to a server, 1,000 under way, each acknowledged', 'connector', 'library'], serverRows],
    [['into JetStream, messages of 200 bytes', 'adapter', 'script'], () => measureWays(waysEffort, tell)],
    [['the same through a spool on disk', 'with spool', 'without'], spoolRows],
    [['how it grows', 'at the least', 'at the most'], () => measureGrowth(growthEffort, tell)],
    [['import, boot and land three blocks', 'sputnik', 'node -e 0'], bootRows],
    [['a server that goes away for 1.5 s, again and again', 'sputnik', ''], outageRows],
  ];
  let isMissed = false;
  for (const [heading, measureRows] of parts) {
    const rows = await measureRows();
    console.log(`\n${linesOf(heading, rows).join('\n')}`);
    isMissed ||= rows.some((found) => verdictOn(found) === 'missed');
  }
  if (isMissed && !isQuick && !process.argv.includes('--report')) process.exitCode = 1;
}

function messageRows(rows: readonly MessageRow[]): readonly Row[] {
  return rows.map(({ title, against, budget }) => speedRow(`${title} (${against})`, speedsOf(title), millions, budget));
}

function serverRows(): readonly Row[] {
  return SERVER_ROWS.map(({ title, against }) =>
    speedRow(`${title} (${against})`, speedsOf(title), thousands, SERVER_BUDGET),
  );
}

function speedRow(
  title: string,
  { ours, baseline, ratios }: Speeds,
  shown: (perSecond: number) => string,
  bound: number | undefined,
): Row {
  const budget: Budget | undefined = bound === undefined ? undefined : { is: 'at least', bound };
  return { title, ours: shown(ours), baseline: shown(baseline), figure: spreadOf(ratios), budget };
}

function bootRows(): readonly Row[] {
  tell('boot');
  const { wall, peak } = measureBoot(effort.rounds);
  return [
    {
      title: 'wall clock',
      ours: millis(wall.ours),
      baseline: millis(wall.baseline),
      figure: spreadOf(wall.ratios),
      budget: { is: 'at most', bound: 1.25 },
    },
    {
      title: 'peak memory, and how many MB more',
      ours: megabytes(peak.ours),
      baseline: megabytes(peak.baseline),
      figure: spreadOf([peak.ours - peak.baseline]),
      budget: { is: 'at most', bound: 8 },
    },
  ];
}

async function spoolRows(): Promise<readonly Row[]> {
  const ways = await measureSpool(waysEffort, tell);
  tell('start with messages kept');
  return [...ways, await measureKept(isQuick ? 1_000 : 1_000_000, waysEffort.starts)];
}

async function outageRows(): Promise<readonly Row[]> {
  tell('outages');
  const delays = await measureOutages(isQuick ? 1 : 11);
  const title = 'from its return to the first message, in ms';
  return [{ title, ours: millis(median(delays)), figure: spreadOf(delays), budget: { is: 'at most', bound: 300 } }];
}

/** Says on a terminal how far it is; not in the table. */
function tell(progress: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${progress} …\r`);
}
