// Takes each guard of the code out in turn (scripts/mutants-list.mjs), in a copy of the packages, and expects a test to fail.
// Prints each guard and what became of it; fails if no test notices, or if a guard is not where the list says.
// Arguments: parts of the names of the guards to try; all unless given.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GUARDS } from './mutants-list.mjs';

const root = fileURLToPath(new URL('../', import.meta.url));
const LONGEST_MS = 120_000;

/** A copy of the packages in which guards can be taken out. */
function makeCopy() {
  const copy = mkdtempSync(join(tmpdir(), 'mutants-'));
  const skipped = (path) => /[\\/]node_modules$/.test(path);
  for (const folder of ['packages', 'apps']) {
    cpSync(join(root, folder), join(copy, folder), {
      recursive: true,
      filter: (path) => !skipped(path),
      preserveTimestamps: true,
    });
  }
  for (const file of ['package.json', 'tsconfig.base.json']) cpSync(join(root, file), join(copy, file));
  mkdirSync(join(copy, 'node_modules/@sputnikjs'), { recursive: true });
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== '@sputnikjs') symlinkSync(join(root, 'node_modules', name), join(copy, 'node_modules', name));
  }
  for (const name of readdirSync(join(copy, 'packages'))) {
    symlinkSync(join(copy, 'packages', name), join(copy, 'node_modules/@sputnikjs', name));
  }
  return copy;
}

/** Resolves with the exit code of a program and what it printed; a program that takes too long is ended. */
function run(cwd, ...args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, { cwd, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (output += text));
    // The group, since tests have programs of their own.
    const timer = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), LONGEST_MS);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, output });
    });
  });
}

const compile = (copy, folder) =>
  run(copy, join(root, 'node_modules/typescript/bin/tsc'), '-p', join(folder, 'tsconfig.json'));
const runTests = (copy, tests) => run(copy, '--test', '--test-timeout=60000', ...tests.map((test) => join(copy, test)));

/** 'caught' if a test fails without the guard, 'SURVIVED' if none does, otherwise what is wrong with the list. */
async function outcomeOf({ file, guard, without, tests }, copy) {
  const path = join(copy, file);
  const folder = file.replace(/\/src\/.*/, '');
  const text = readFileSync(path, 'utf8');
  if (text.split(guard).length !== 2) return `STALE: ${file} has the guard ${text.split(guard).length - 1} times`;
  writeFileSync(
    path,
    text.replace(guard, () => without),
  );
  try {
    const { output } = await compile(copy, folder);
    // Types may break; a text that is no program at all would fail every test.
    const broken = /error TS1\d\d\d:.*/.exec(output);
    if (broken) return `BROKEN: ${broken[0]}`;
    const compiled = tests.map((test) => test.replace(/\/test\//, '/dist-test/').replace(/\.ts$/, '.js'));
    const { code } = await runTests(copy, compiled);
    return code === 0 ? 'SURVIVED' : 'caught';
  } finally {
    writeFileSync(path, text);
    await compile(copy, folder);
  }
}

const only = process.argv.slice(2);
const guards = GUARDS.filter(({ name }) => only.length === 0 || only.some((part) => name.includes(part)));
const left = [...guards];
const failed = [];
await Promise.all(
  Array.from({ length: availableParallelism() }, async () => {
    const copy = makeCopy();
    try {
      for (let guard = left.shift(); guard; guard = left.shift()) {
        const outcome = await outcomeOf(guard, copy);
        console.log(`${outcome.padEnd(8)} ${guard.name}`);
        if (outcome !== 'caught') failed.push(guard.name);
      }
    } finally {
      rmSync(copy, { recursive: true, force: true });
    }
  }),
);
console.log(`${guards.length} guards taken out, a test failed for want of ${guards.length - failed.length}`);
if (failed.length > 0) {
  console.error(`no test failed for want of:\n${failed.map((name) => `  - ${name}`).join('\n')}`);
  process.exit(1);
}
