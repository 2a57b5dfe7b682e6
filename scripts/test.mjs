// Runs compiled tests (`*.test.js` below a `dist-test` folder) with Node's test runner; fails if there is none. Arguments are parts of the
// paths to run. Trials that take minutes (`*.soak.test.js`) are left out; --soak runs them and nothing else, but for the random flights:
// ten times as many. --unit runs those that start no process, whose files can be told from what they import.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));

/** Test files that take longest, the longest first: what begins last should be short, or the others wait for it. */
const LONGEST = [
  'connector-amqp/dist-test/conformance',
  'connector-nats/dist-test/conformance',
  'connector-redis/dist-test/conformance',
  'adapter-http/dist-test/hostile-flood',
  'connector-mqtt/dist-test/conformance',
  'connector-amqp/dist-test/field',
  'connector-mqtt/dist-test/stall',
  'examples/dist-test/docstrings',
  'protocol-adapter/dist-test/resend',
  'adapter-syslog/dist-test/field',
  'connector-nats/dist-test/servers',
];

/** Its place in the order: those of no list come last. */
function placeOf(path) {
  const place = LONGEST.findIndex((part) => path.includes(part));
  return place < 0 ? LONGEST.length : place;
}

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

// So that failures point to lines of TypeScript: each test is run with the options of this process
if (!process.execArgv.includes('--enable-source-maps')) {
  const { status } = spawnSync(process.execPath, ['--enable-source-maps', ...process.argv.slice(1)], {
    stdio: 'inherit',
  });
  process.exit(status ?? 1);
}

const given = process.argv.slice(2);
const only = given.filter((part) => !part.startsWith('--'));
const isSoak = given.includes('--soak');
const files = [...testsBelow(root)]
  .filter((path) => only.every((part) => path.includes(part)))
  .filter((path) => path.endsWith('.soak.test.js') === isSoak || (isSoak && path.endsWith('model/model.test.js')))
  .filter((path) => !given.includes('--unit') || !startsProcesses(path))
  .toSorted((a, b) => placeOf(a) - placeOf(b));
if (files.length === 0) {
  console.error('no compiled tests found; run `npm run build` first');
  process.exit(1);
}

// What ensure-servers.mjs has unpacked.
process.env.PATH = [process.env.PATH, join(root, '.servers/bin')].join(delimiter);
// Random flights of the core's model.
process.env.FLIGHTS ??= isSoak ? '20000' : '2000';

// Most wait for servers and deadlines most of their time: fewer at once leave processors idle. Long trials are busy all the time.
const concurrency = (isSoak ? 1 : 2) * availableParallelism() + 1;
process.chdir(root);
run({ files, concurrency, timeout: 600_000 })
  .on('test:fail', () => (process.exitCode = 1))
  .compose(spec)
  .pipe(process.stdout);
