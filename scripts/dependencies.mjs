// Keeps the packages apart (docs/ARCHITECTURE.md): which may depend on which, and that package.json declares what is imported: of `src` and
// `bin` as dependencies, of tests at least as devDependencies. Within a package, the rooms keep their levels: a folder, or file, of `src`
// imports only from levels below its own.
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, relative } from 'node:path';
import { filesBelow, MEMBERS, ROOT } from './packages.mjs';

const SCOPE = '@sputnikjs/';
const PART = ['core', 'messaging'];
/** The packages that each may depend on; anything for those that nobody depends on. */
const MAY_USE = {
  core: [],
  messaging: ['core'],
  sidecar: ['core', 'messaging'],
  testkit: ['core', 'messaging', 'sidecar'],
  'create-satellite': [],
  'adapter-http': PART,
  'adapter-syslog': PART,
  'adapter-webhook': PART,
  'connector-amqp': PART,
  'connector-mqtt': PART,
  'connector-nats': PART,
  'connector-redis': PART,
  spool: PART,
  'protocol-adapter': 'any',
  bench: 'any',
  examples: 'any',
};

/** The levels of rooms. The core's are in core-levels.mjs. */
const ROOMS = {
  'adapter-http': [
    ['network', 'answer'],
    ['access', 'read'],
    ['config'],
    ['exposure', 'receive', 'openapi', 'spans'],
    ['produce', 'consume', 'request', 'upstream'],
    ['routes'],
    ['listener'],
    ['httpgateway', 'httpupstream'],
    ['index', 'register'],
  ],
  'adapter-syslog': [
    ['parse'],
    ['receive', 'route', 'deliver'],
    ['checks'],
    ['syslogproducer', 'syslogreceiver', 'syslogwriter'],
    ['index', 'register'],
  ],
  'adapter-webhook': [['event', 'send'], ['config', 'deliver'], ['webhook'], ['index', 'register']],
  'connector-nats': [
    ['subject', 'headers', 'version'],
    ['config'],
    ['link'],
    ['publication'],
    ['core', 'jetstream', 'peers'],
    ['connector'],
    ['index'],
  ],
  messaging: [
    ['connection-part'],
    ['peers', 'has-code', 'net'],
    ['contract'],
    ['traces'],
    ['check-message', 'passing', 'undelivered', 'weight', 'subscribe'],
    ['subscriber'],
    ['connector', 'producer', 'consumer', 'bridge', 'requester', 'responder'],
    ['index', 'register'],
  ],
  spool: [
    ['store'],
    ['config', 'deliver', 'line', 'lines'],
    ['changes', 'tell-problem'],
    ['control'],
    ['by-hand', 'spool'],
    ['cli'],
    ['index', 'register'],
  ],
  sidecar: [
    ['text', 'own-files'],
    ['clone'],
    ['folder', 'log'],
    ['admin', 'satellite'],
    ['remote', 'service'],
    ['thread', 'process'],
    ['run'],
    ['cli'],
    ['index'],
  ],
};

const IMPORTS = [
  /^\s*(?:import|export)\b[^'";]*?\bfrom '([^']+)'/gm,
  /^\s*import '([^']+)'/gm,
  /\bimport\('([^']+)'\)/g,
];

const problems = [];
let files = 0;

const sourcesBelow = (folder) => filesBelow(folder).filter((file) => /\.(ts|js|mjs)$/.test(file));

/** The package that a specifier names; undefined for files and what Node has. */
function packageOf(specifier) {
  if (/^(\.|node:)/.test(specifier) || builtinModules.includes(specifier)) return undefined;
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function importsOf(path) {
  const text = readFileSync(join(ROOT, path), 'utf8');
  return IMPORTS.flatMap((pattern) => [...text.matchAll(pattern)].map(([, specifier]) => specifier));
}

/** Tells of imports between rooms that do not go to a level below. */
function checkRooms(source, levels) {
  const levelOf = new Map(levels.flatMap((rooms, level) => rooms.map((room) => [room, level])));
  const roomOf = (path) =>
    relative(source, path)
      .split('/')[0]
      .replace(/\.[jt]s$/, '');
  for (const path of sourcesBelow(source)) {
    const room = roomOf(path);
    if (!levelOf.has(room)) problems.push(`${path}: ${room} has no level; give it one in scripts/dependencies.mjs`);
    for (const specifier of importsOf(path).filter((one) => one.startsWith('.'))) {
      const other = roomOf(join(path, '..', specifier));
      if (other !== room && !(levelOf.get(other) < levelOf.get(room)))
        problems.push(`${path} imports ${specifier}; ${other} is not below ${room}`);
    }
  }
}

/** Tells of the imports below `folder` of what is not `declared`. */
function checkImports(folder, declared, advice) {
  for (const path of sourcesBelow(folder)) {
    files++;
    const missing = importsOf(path)
      .map(packageOf)
      .filter((name) => name !== undefined && !declared.has(name));
    for (const name of new Set(missing)) problems.push(`${path} imports ${name}; ${advice}`);
  }
}

function checkPackage({ folder, manifest }) {
  const { name, dependencies = {}, peerDependencies = {}, devDependencies = {} } = manifest;
  const own = Object.keys({ ...dependencies, ...peerDependencies });
  const file = `${folder}/package.json`;
  const allowed = MAY_USE[name.replace(SCOPE, '')];
  if (allowed === undefined)
    problems.push(`${file}: ${name} has no rule; say in scripts/dependencies.mjs what it may depend on`);
  else if (allowed !== 'any')
    for (const other of own.filter((one) => one.startsWith(SCOPE)))
      if (!allowed.includes(other.replace(SCOPE, '')))
        problems.push(
          `${file}: ${name} depends on ${other}, it may on ${allowed.join(', ') || 'none'} of our packages`,
        );
  for (const part of ['src', 'bin'])
    checkImports(join(folder, part), new Set(own), `${file} has to name it in its dependencies`);
  const rooms = ROOMS[name.replace(SCOPE, '')];
  if (rooms !== undefined) checkRooms(join(folder, 'src'), rooms);
  for (const part of ['test', 'test-types']) {
    const declared = new Set([name, ...own, ...Object.keys(devDependencies)]);
    checkImports(join(folder, part), declared, `${file} has to name it in its devDependencies`);
  }
}

for (const member of MEMBERS) checkPackage(member);

if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log(`packages: ${MEMBERS.length} import only what they may, and declare it, in ${files} files`);
