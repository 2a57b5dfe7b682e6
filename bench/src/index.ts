import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { measureBoot } from './boot.js';
import { measure, type Effort, type Speeds } from './measure.js';
import { MESSAGE_ROWS } from './messages.js';
import { measureOutages } from './outage.js';
import { SERVER_BUDGET, SERVER_ROWS } from './servers.js';

const isQuick = process.argv.includes('--quick');
const QUICK: Effort = { rounds: 1, sampleMs: 1, batch: 1000 };
const effort: Effort = isQuick ? QUICK : { rounds: 11, sampleMs: 200, batch: 20_000 };
/** A server takes thousands in a second, not millions. */
const serverEffort: Effort = isQuick ? QUICK : { rounds: 11, sampleMs: 500, batch: 5_000 };
const row = process.argv.indexOf('--row');

if (row >= 0) await measureRow(process.argv[row + 1] ?? '');
else await printTable();

/** Measures one row in this process, and writes its speeds as JSON. */
async function measureRow(title: string): Promise<void> {
  const message = MESSAGE_ROWS.find((candidate) => candidate.title === title);
  const contest = await (message ?? SERVER_ROWS.find((candidate) => candidate.title === title))?.start();
  if (!contest) throw new Error(`there is no row ${JSON.stringify(title)}`);
  console.log(JSON.stringify(await measure(contest, message ? effort : serverEffort)));
  await contest.end();
}

/** A process for each row: what the compiler learned from one would slow the next. */
function speedsOf(title: string): Speeds {
  const args = [fileURLToPath(import.meta.url), '--row', title, ...(isQuick ? ['--quick'] : [])];
  const { status, stdout } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`the row ${JSON.stringify(title)} ended with ${status}`);
  return JSON.parse(stdout) as Speeds;
}

async function printTable(): Promise<void> {
  console.log(
    `node ${process.version}, medians of ${effort.rounds} rounds${isQuick ? ', too quick to mean anything' : ''}\n`,
  );
  line('block to block, no server', 'sputnik', 'fastq', 'ratio', 'budget');
  for (const { title, against, budget } of MESSAGE_ROWS) {
    const { ours, baseline, ratio } = speedsOf(title);
    const verdict = budget === undefined ? '' : `>= ${budget} ${kept(ratio >= budget)}`;
    line(`${title} (${against})`, millions(ours), millions(baseline), ratio.toFixed(2), verdict);
  }
  console.log();
  line('to a server, 1,000 under way, each acknowledged', 'connector', 'library', 'ratio', 'budget');
  for (const { title, against } of SERVER_ROWS) {
    const { ours, baseline, ratio } = speedsOf(title);
    const verdict = `>= ${SERVER_BUDGET} ${kept(ratio >= SERVER_BUDGET)}`;
    line(`${title} (${against})`, thousands(ours), thousands(baseline), ratio.toFixed(2), verdict);
  }
  const { wall, peak } = measureBoot(effort.rounds);
  const more = peak.ours - peak.baseline;
  console.log();
  line('import, boot and land three blocks', 'sputnik', 'node -e 0', 'beside', 'budget');
  const [ours, baseline] = [`${wall.ours.toFixed(1)} ms`, `${wall.baseline.toFixed(1)} ms`];
  line('wall clock', ours, baseline, wall.ratio.toFixed(2), `<= 1.25 ${kept(wall.ratio <= 1.25)}`);
  const [ourPeak, basePeak] = [`${peak.ours.toFixed(1)} MB`, `${peak.baseline.toFixed(1)} MB`];
  line('peak memory', ourPeak, basePeak, `+ ${more.toFixed(1)} MB`, `<= + 8 MB ${kept(more <= 8)}`);
  const back = await measureOutages(isQuick ? 1 : 11);
  console.log();
  line('a server that goes away for 1.5 s, again and again', 'sputnik', '', '', 'budget');
  line('from its return to the first message', `${back.toFixed(0)} ms`, '', '', `<= 300 ms ${kept(back <= 300)}`);
}

function line(title: string, ours: string, baseline: string, ratio: string, budget: string): void {
  console.log(`${title.padEnd(54)}${ours.padStart(12)}${baseline.padStart(12)}${ratio.padStart(11)}  ${budget}`);
}

function kept(isKept: boolean): string {
  if (isQuick) return '';
  return isKept ? 'kept' : 'MISSED';
}

function thousands(perSecond: number): string {
  return `${(perSecond / 1e3).toFixed(1)} k/s`;
}

function millions(perSecond: number): string {
  return `${(perSecond / 1e6).toFixed(2)} M/s`;
}
