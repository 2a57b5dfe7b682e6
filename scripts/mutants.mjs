// Takes each guard of the code out in turn (mutants-list.mjs), in a copy of the packages, and expects a test to fail.
// Prints each guard and what became of it; fails if no test notices. Arguments: parts of the names of the guards to try; all unless given.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transformSync } from 'esbuild';
import { readGuards } from './markers.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const TSCONFIG = { compilerOptions: { target: 'es2023', verbatimModuleSyntax: true } };
const copies = new Set();
const running = new Set();

process.on('exit', () => {
  for (const child of running) endGroup(child);
  for (const copy of copies) rmSync(copy, { recursive: true, force: true, maxRetries: 3 });
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(1));

/** Tests have programs of their own. */
function endGroup({ pid }) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // it has ended by itself
  }
}

/** How long a test file may take without the guard: as long as with it, several times, and some seconds. A test that waits for ever fails, too. */
const longest = (tookMs) => 10_000 + 4 * tookMs;
const LONGEST_WITH_GUARDS_MS = 600_000;

/** A copy of what is compiled, in which guards can be taken out. */
function makeCopy() {
  const copy = mkdtempSync(join(tmpdir(), 'mutants-'));
  copies.add(copy);
  for (const folder of ['packages', 'apps', 'docs']) {
    const filter = (path) => !/[\\/]node_modules$/.test(path);
    cpSync(join(root, folder), join(copy, folder), { recursive: true, filter });
  }
  for (const file of ['package.json', 'tsconfig.base.json']) cpSync(join(root, file), join(copy, file));
  mkdirSync(join(copy, 'tmp'));
  mkdirSync(join(copy, 'node_modules/@sputnikjs'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules')))
    if (name !== '@sputnikjs') symlinkSync(join(root, 'node_modules', name), join(copy, 'node_modules', name));
  for (const name of readdirSync(join(copy, 'packages')))
    symlinkSync(join(copy, 'packages', name), join(copy, 'node_modules/@sputnikjs', name));
  return copy;
}

/** Runs a test file; resolves with how that ended, at the first test that fails. */
function runTest(copy, test, longestMs) {
  const file = join(copy, test.replace('/test/', '/dist-test/').replace(/\.ts$/, '.js'));
  const env = {
    ...process.env,
    // what is left behind by tests that are ended goes with the copy
    TMPDIR: join(copy, 'tmp'),
    // what ensure-servers.mjs has unpacked
    PATH: [process.env.PATH, join(root, '.servers/bin')].join(delimiter),
  };
  const args = ['--test', '--test-reporter=tap', file];
  const child = spawn(process.execPath, args, { cwd: copy, env, detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  running.add(child);
  const began = performance.now();
  return new Promise((resolve) => {
    let outcome;
    const end = (how) => {
      outcome ??= how;
      endGroup(child);
    };
    const timer = setTimeout(end, longestMs, 'never ended');
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output = output.slice(output.lastIndexOf('\n') + 1) + text;
      if (/^\s*not ok /m.test(output)) end('failed');
    });
    child.on('exit', (code) => {
      clearTimeout(timer);
      running.delete(child);
      outcome ??= code === 0 ? 'passed' : 'failed';
      resolve({ outcome, tookMs: performance.now() - began });
    });
  });
}

/** How long each test file takes with all guards in place; undefined if it has just failed. */
const times = new Map();

async function timeOf(test, copy) {
  const { outcome, tookMs } = await runTest(copy, test, LONGEST_WITH_GUARDS_MS);
  return outcome === 'passed' ? tookMs : undefined;
}

/** 'failed' or 'passed', without the guard; 'unusable' for a test that does not pass with all guards in place, and so would say nothing. */
async function tryTest(test, { file, source }, copy) {
  if (!times.has(test)) times.set(test, timeOf(test, copy));
  const tookMs = await times.get(test);
  if (tookMs === undefined) {
    times.delete(test);
    return 'unusable';
  }
  const compiled = join(copy, file.replace('/src/', '/dist/').replace(/\.ts$/, '.js'));
  const program = readFileSync(compiled);
  // Of one file only the types have to go, and these may be wrong: no compiler is needed.
  writeFileSync(compiled, transformSync(source, { loader: 'ts', tsconfigRaw: TSCONFIG }).code);
  try {
    return (await runTest(copy, test, longest(tookMs))).outcome;
  } finally {
    writeFileSync(compiled, program);
  }
}

/** Whether a test fails without the guard, or never ends; and what each did, until one does. */
async function tryGuard(guard, copy) {
  const outcomes = [];
  for (const test of guard.tests) {
    const outcome = await tryTest(test, guard, copy);
    outcomes.push(`${test} ${outcome}`);
    if (outcome === 'failed' || outcome === 'never ended') return { isCaught: true, outcomes };
  }
  return { isCaught: false, outcomes };
}

const { guards, problems } = readGuards();
if (problems.length > 0) throw new Error(problems.join('\n'));
const only = process.argv.slice(2);
const chosen = guards.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)));
if (chosen.length === 0) throw new Error(`no guard has a name with ${only.join(' or ')}`);

const left = [...chosen];
const survivors = [];
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    const copy = makeCopy();
    for (let guard = left.shift(); guard; guard = left.shift()) {
      const { isCaught, outcomes } = await tryGuard(guard, copy);
      console.log(`${isCaught ? 'caught  ' : 'SURVIVED'} ${guard.name} (${outcomes.join(', ')})`);
      if (!isCaught) survivors.push(guard.name);
    }
  }),
);
console.log(`${chosen.length} guards taken out, a test failed for want of ${chosen.length - survivors.length}`);
if (survivors.length > 0) {
  console.error(`no test failed for want of:\n${survivors.map((name) => `  - ${name}`).join('\n')}`);
  process.exit(1);
}
