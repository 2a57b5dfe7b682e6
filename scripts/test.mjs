// Runs compiled tests (`*.test.js` below a `dist-test` folder) with Node's test runner; fails if there is none. Arguments are parts of the
// paths to run. Trials that take minutes (`*.soak.test.js`) are left out; --soak runs them and nothing else. --unit runs those that start
// no process, whose files can be told from what they import.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
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

const STARTS_PROCESSES = /['"](node:child_process|@sputnikjs\/testkit\/servers)['"]|spawnSidecar/;

/** Whether a test starts processes, itself or by a helper beside it. */
function startsProcesses(path, seen = new Set()) {
  if (seen.has(path)) return false;
  seen.add(path);
  const text = readFileSync(path, 'utf8');
  if (STARTS_PROCESSES.test(text)) return true;
  const helpers = [...text.matchAll(/from '(\.[^']+\.js)'/g)].map(([, file]) => join(dirname(path), file));
  return helpers.filter((file) => file.includes('dist-test')).some((file) => startsProcesses(file, seen));
}

const given = process.argv.slice(2);
const only = given.filter((part) => !part.startsWith('--'));
const isSoak = given.includes('--soak');
const tests = [...testsBelow(root)]
  .filter((path) => only.every((part) => path.includes(part)))
  .filter((path) => path.endsWith('.soak.test.js') === isSoak)
  .filter((path) => !given.includes('--unit') || !startsProcesses(path));
if (tests.length === 0) {
  console.error('no compiled tests found; run `npm run build` first');
  process.exit(1);
}
// Many wait for servers and deadlines most of their time: more of them than processors, or they take twice as long.
const atOnce = availableParallelism() + 1;
const options = ['--enable-source-maps', '--test', `--test-concurrency=${atOnce}`, '--test-timeout=600000'];
const reporter = ['--test-reporter=spec', '--test-reporter-destination=stdout'];
// A fifth of the random flights where somebody waits for the result; what ensure-servers.mjs has unpacked.
const flights = given.includes('--unit') ? { FLIGHTS: '2000' } : {};
const env = { ...flights, ...process.env, PATH: [process.env.PATH, join(root, '.servers/bin')].join(delimiter) };
const { status } = spawnSync(process.execPath, [...options, ...reporter, ...tests], {
  cwd: root,
  env,
  stdio: 'inherit',
});
process.exit(status ?? 1);
