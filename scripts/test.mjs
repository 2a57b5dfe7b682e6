// Runs compiled tests (`*.test.js` below a `dist-test` folder) with Node's test runner; fails if there is none. Arguments are parts of the
// paths to run. Leaves out the long trials (`*.soak.test.js`) and, unless their names are given, the files of SECOND_STEP; --soak runs only
// these two, and the trials of chance with twenty times as many flights. --unit runs the tests that start no process; what a file imports tells
// that. At the end it prints which files took longest.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { delimiter, dirname, join, relative, sep } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));

/**
 * The files that take longest, longest first. Each has a process of its own, and these start first: a long one that starts last would run alone.
 * To renew the list, see what a run prints at its end.
 */
const LONGEST = [
  'connector-amqp/dist-test/conformance',
  'protocol-adapter/dist-test/bridge-kills',
  'connector-redis/dist-test/conformance',
  'connector-nats/dist-test/conformance',
  'sidecar/dist-test/page',
  'examples/dist-test/postgres-connector',
  'connector-mqtt/dist-test/conformance',
  'protocol-adapter/dist-test/resend',
  'examples/dist-test/docstrings',
  'connector-amqp/dist-test/field',
  'protocol-adapter/dist-test/bridge-matrix',
  'examples/dist-test/postgres-writer',
  'adapter-syslog/dist-test/field',
  'sidecar/dist-test/field',
  'protocol-adapter/dist-test/bridges',
  'connector-mqtt/dist-test/stall',
  'adapter-syslog/dist-test/hostile.test',
  'connector-nats/dist-test/servers',
  'core/dist-test/model/model',
];

/**
 * Files that take most of the processors' time: whole satellites before each server, blocks at each place, processes, a browser. They would make
 * the first step, which is run after each change, twice as long.
 */
const SECOND_STEP = Object.entries({
  'adapter-http': ['conformance'],
  'adapter-syslog': ['conformance', 'field'],
  'adapter-webhook': ['conformance'],
  'connector-amqp': ['conformance', 'field'],
  examples: ['docstrings', 'postgres-connector', 'postgres-writer'],
  messaging: ['conformance', 'request-conformance'],
  'protocol-adapter': [
    'bridge-kills',
    'bridges',
    'consume-servers',
    'full-disk',
    'fuzz',
    'hazards',
    'httpupstream',
    'kills',
    'places',
    'process-kills',
    'refused',
    'request-servers',
    'resend',
    'resume-servers',
    'trouble',
    'webhook',
  ],
  sidecar: ['agreement', 'field', 'hostile-processes', 'page', 'places', 'processes', 'threads'],
}).flatMap(([part, names]) => names.map((name) => `${part}/dist-test/${name}.test.js`));

/** Those whose number of trials FLIGHTS says. */
const OF_CHANCE = [
  ...['model/model', 'hazards/at-once', 'rules/memory', 'mailbox'].map((name) => `core/dist-test/${name}.test.js`),
  'sidecar/dist-test/nested-model.test.js',
];

/** How many of the longest files are printed. */
const MOST_SHOWN = 20;

const isOneOf = (list, path) => list.some((end) => path.endsWith(end));
const isLong = (path) => path.endsWith('.soak.test.js');

/** Whether a step runs the file. */
function isOfStep(path, { isSoak, isNamed }) {
  if (isSoak) return isLong(path) || isOneOf(SECOND_STEP, path) || isOneOf(OF_CHANCE, path);
  return !isLong(path) && (isNamed || !isOneOf(SECOND_STEP, path));
}

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

/** How many files that start processes share one. They run one after the other, so fewer share one than of the others, which never wait. */
const MOST_SHARING = 6;

/**
 * Has test files of a package share a process: to start it, and to load the package, takes longer than most of them. Gives the files to run;
 * those that import what shares a process are in `folder`.
 */
function shared(paths, folder) {
  const groups = new Map();
  for (const path of paths) {
    const isAlone = placeOf(path) < LONGEST.length || isOneOf(SECOND_STEP, path);
    const of = relative(root, path).split(`${sep}dist-test${sep}`)[0].replaceAll(sep, '-');
    const room = startsProcesses(path) ? `${of}-processes` : of;
    const key = isAlone ? path : room;
    groups.set(key, [...(groups.get(key) ?? []), path]);
  }
  return [...groups].flatMap(([key, group]) => {
    const parts = key.endsWith('-processes') ? Math.ceil(group.length / MOST_SHARING) : 1;
    return Array.from({ length: parts }, (_, part) => {
      const own = group.filter((_path, n) => n % parts === part);
      if (own.length === 1) return own[0];
      const file = join(folder, `${key}-${part}.mjs`);
      writeFileSync(file, sharing(own));
      return file;
    });
  });
}

function sharing(paths) {
  const urls = paths.map((path) => pathToFileURL(path));
  return `import { test } from 'node:test';
    const fail = (url) => (error) => test(\`\${url} loads\`, () => { throw error; });
    for (const url of ${JSON.stringify(urls)}) await import(url).catch(fail(url));`;
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
  .filter((path) => isOfStep(path, { isSoak, isNamed: only.length > 0 }))
  .filter((path) => !given.includes('--unit') || !startsProcesses(path));
if (files.length === 0) {
  console.error('no compiled tests found; run `npm run build` first');
  process.exit(1);
}

// What ensure-servers.mjs has unpacked.
process.env.PATH = [process.env.PATH, join(root, '.servers/bin')].join(delimiter);
// Random flights of the core's model; other trials of chance take a part of that.
process.env.FLIGHTS ??= isSoak ? '20000' : '500';

// Most tests wait for servers and deadlines for some of their time: fewer at once leave processors idle. Long trials are always busy.
const concurrency = (isSoak ? 1 : 2) * availableParallelism() + 1;
process.chdir(root);
const folder = mkdtempSync(join(tmpdir(), 'sputnik-tests-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
const entries = shared(files, folder).toSorted((a, b) => placeOf(a) - placeOf(b));

/** How long the tests of each file took, in milliseconds; those of a suite that a package offers count by themselves. */
const times = new Map();
const took = ({ file = '', name, nesting, details }) => {
  const key = file.endsWith('.test.ts') ? relative(root, file) : name;
  if (nesting === 0) times.set(key, (times.get(key) ?? 0) + details.duration_ms);
};
process.on('exit', () => {
  const longest = [...times].toSorted(([, a], [, b]) => b - a).slice(0, MOST_SHOWN);
  console.log('longest files, in seconds');
  for (const [key, ms] of longest) console.log(`${(ms / 1000).toFixed(1).padStart(7)}  ${key}`);
});
run({ files: entries, concurrency, timeout: 600_000 })
  .on('test:pass', took)
  .on('test:fail', took)
  .on('test:fail', () => (process.exitCode = 1))
  .compose(spec)
  .pipe(process.stdout);
