// Keeps the core's levels: a file imports only from levels below its own (docs/ARCHITECTURE.md).
import { readdirSync, readFileSync } from 'node:fs';

const LEVELS = [
  [
    'abort',
    'circle',
    'descriptor',
    'gate',
    'line',
    'message',
    'pacer',
    'reconnect',
    'ring',
    'server-lane',
    'signals',
    'standard-schema',
  ],
  ['block-communicator', 'clock', 'errors', 'observer', 'weights'],
  ['config', 'deadlines', 'sender'],
  ['outcomes', 'question', 'server-connector'],
  ['batch', 'waiters'],
  ['workers'],
  ['mailbox'],
  ['address', 'block'],
  ['events', 'factories', 'finisher', 'idle', 'initiator-block', 'shape'],
  ['connector', 'emitter', 'failure', 'report'],
  ['failures'],
  ['callbacks'],
  ['active-block'],
  ['blocks', 'waiting'],
  ['landing'],
  ['flight'],
  ['assemble'],
  ['sputnik'],
  ['index'],
];

const source = new URL('../packages/core/src/', import.meta.url);
const levelOf = new Map(LEVELS.flatMap((files, level) => files.map((file) => [file, level])));
const problems = [];

for (const entry of readdirSync(source)) {
  const file = entry.replace(/\.ts$/, '');
  const level = levelOf.get(file);
  if (level === undefined) {
    problems.push(`${entry} has no level; give it one in scripts/core-levels.mjs`);
    continue;
  }
  // Without comments: their examples import the core as its users do.
  const text = readFileSync(new URL(entry, source), 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, '');
  for (const [, specifier] of text.matchAll(/\bfrom '([^']+)'/g)) {
    if (specifier.startsWith('node:')) continue;
    const other = /^\.\/(.+)\.js$/.exec(specifier)?.[1];
    if (other === undefined) problems.push(`${entry} imports ${specifier}; the core depends on nothing`);
    else if (!(levelOf.get(other) < level))
      problems.push(`${entry} (level ${level}) imports ${other}, which is not below it`);
  }
}

if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log(`core: ${levelOf.size} files keep their ${LEVELS.length} levels`);
