// Runs every compiled test (`*.test.js` below a `dist-test` folder) with Node's test runner; fails if there is none.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));

function* testsBelow(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name.startsWith('.')) continue;
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* testsBelow(path);
    else if (/[\\/]dist-test[\\/]/.test(path) && entry.name.endsWith('.test.js')) yield path;
  }
}

const only = process.argv.slice(2);
const tests = [...testsBelow(root)].filter((path) => only.every((part) => path.includes(part)));
if (tests.length === 0) {
  console.error('no compiled tests found; run `npm run build` first');
  process.exit(1);
}
// Many wait for servers and deadlines most of their time: more of them than processors, or they take twice as long.
const atOnce = availableParallelism() + 1;
const options = ['--test', `--test-concurrency=${atOnce}`, '--test-timeout=600000'];
const reporter = ['--test-reporter=spec', '--test-reporter-destination=stdout'];
// what ensure-servers.mjs has unpacked
const env = { ...process.env, PATH: [process.env.PATH, join(root, '.servers/bin')].join(delimiter) };
const { status } = spawnSync(process.execPath, [...options, ...reporter, ...tests], {
  cwd: root,
  env,
  stdio: 'inherit',
});
process.exit(status ?? 1);
