import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from './measure.js';
import { ship } from './shipped.js';

const FIXTURE = fileURLToPath(new URL('boot-fixture.js', import.meta.url));
const NOTHING = ['-e', '0'];
const NOTHING_BUT_RSS = ['-e', 'require("fs").writeSync(1, String(process.resourceUsage().maxRSS))'];

/** Medians of whole processes. */
export interface Boot {
  /** Milliseconds from spawn to exit. */
  readonly wall: { readonly ours: number; readonly baseline: number; readonly ratios: readonly number[] };
  /** Peak resident memory, in MB. */
  readonly peak: { readonly ours: number; readonly baseline: number };
}

/** Starts a satellite of three trivial blocks, on the core as it is shipped, and a Node that does nothing, in turns. */
export function measureBoot(rounds: number): Boot {
  const folder = mkdtempSync(join(tmpdir(), 'sputnik-boot-'));
  try {
    return measure(rounds, satelliteIn(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The program, in a folder that has the package of the core as `npm pack` makes it: bundled. */
function satelliteIn(folder: string): string {
  const program = join(folder, 'boot.mjs');
  ship('packages/core', join(folder, 'node_modules/@sputnikjs/core'));
  copyFileSync(FIXTURE, program);
  return program;
}

function measure(rounds: number, program: string): Boot {
  const samples = Array.from({ length: rounds }, () => ({
    ours: wallMs([program]),
    baseline: wallMs(NOTHING),
    ourPeak: peakMb([program, '--rss']),
    basePeak: peakMb(NOTHING_BUT_RSS),
  }));
  return {
    wall: {
      ours: median(samples.map(({ ours }) => ours)),
      baseline: median(samples.map(({ baseline }) => baseline)),
      ratios: samples.map(({ ours, baseline }) => ours / baseline),
    },
    peak: {
      ours: median(samples.map(({ ourPeak }) => ourPeak)),
      baseline: median(samples.map(({ basePeak }) => basePeak)),
    },
  };
}

function wallMs(args: readonly string[]): number {
  const start = performance.now();
  node(args);
  return performance.now() - start;
}

function peakMb(args: readonly string[]): number {
  return Number(node(args)) / 1024;
}

function node(args: readonly string[]): string {
  const { status, stdout } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`);
  return stdout;
}
