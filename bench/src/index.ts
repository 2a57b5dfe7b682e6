import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { measureBoot } from './boot.js';
import { measure, type Effort, type Speeds } from './measure.js';
import { MESSAGE_ROWS } from './messages.js';

const isQuick = process.argv.includes('--quick');
const effort: Effort = isQuick ? { rounds: 1, sampleMs: 1, batch: 1000 } : { rounds: 11, sampleMs: 200, batch: 20_000 };
const row = process.argv.indexOf('--row');

if (row >= 0) await measureRow(Number(process.argv[row + 1]));
else printTable();

/** Measures one row in this process, and writes its speeds as JSON. */
async function measureRow(index: number): Promise<void> {
  const contest = await MESSAGE_ROWS[index]?.start();
  if (!contest) throw new Error(`there is no row ${index}; give one from 0 to ${MESSAGE_ROWS.length - 1}`);
  console.log(JSON.stringify(await measure(contest, effort)));
  await contest.end();
}

/** A process for each row: what the compiler learned from one would slow the next. */
function speedsOf(index: number): Speeds {
  const args = [fileURLToPath(import.meta.url), '--row', String(index), ...(isQuick ? ['--quick'] : [])];
  const { status, stdout } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`row ${index} ended with ${status}`);
  return JSON.parse(stdout) as Speeds;
}

function printTable(): void {
  console.log(
    `node ${process.version}, medians of ${effort.rounds} rounds${isQuick ? ', too quick to mean anything' : ''}\n`,
  );
  line('block to block, no server', 'sputnik', 'fastq', 'ratio', 'budget');
  for (const [index, { title, against, budget }] of MESSAGE_ROWS.entries()) {
    const { ours, baseline, ratio } = speedsOf(index);
    const verdict = budget === undefined ? '' : `>= ${budget} ${kept(ratio >= budget)}`;
    line(`${title} (${against})`, millions(ours), millions(baseline), ratio.toFixed(2), verdict);
  }
  const { wall, peak } = measureBoot(effort.rounds);
  const more = peak.ours - peak.baseline;
  console.log();
  line('import, boot and land three blocks', 'sputnik', 'node -e 0', 'beside', 'budget');
  const [ours, baseline] = [`${wall.ours.toFixed(1)} ms`, `${wall.baseline.toFixed(1)} ms`];
  line('wall clock', ours, baseline, wall.ratio.toFixed(2), `<= 1.25 ${kept(wall.ratio <= 1.25)}`);
  const [ourPeak, basePeak] = [`${peak.ours.toFixed(1)} MB`, `${peak.baseline.toFixed(1)} MB`];
  line('peak memory', ourPeak, basePeak, `+ ${more.toFixed(1)} MB`, `<= + 8 MB ${kept(more <= 8)}`);
}

function line(title: string, ours: string, baseline: string, ratio: string, budget: string): void {
  console.log(`${title.padEnd(54)}${ours.padStart(12)}${baseline.padStart(12)}${ratio.padStart(11)}  ${budget}`);
}

function kept(isKept: boolean): string {
  if (isQuick) return '';
  return isKept ? 'kept' : 'MISSED';
}

function millions(perSecond: number): string {
  return `${(perSecond / 1e6).toFixed(2)} M/s`;
}
