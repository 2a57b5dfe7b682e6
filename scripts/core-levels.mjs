// Keeps the core's rooms and levels: a file imports only from rooms before its own, and from lower levels of its own (docs/ARCHITECTURE.md).
import { posix } from 'node:path';
import { readFileSync } from 'node:fs';
import { filesBelow } from './packages.mjs';

const ROOMS = {
  time: [['abort', 'line', 'pacer'], ['clock'], ['deadlines']],
  api: [
    ['descriptor', 'mailbox-options', 'message', 'standard-schema'],
    ['block-communicator', 'errors'],
    ['config', 'observer'],
  ],
  mailbox: [['question', 'ring'], ['outcomes', 'weights'], ['batch', 'waiters'], ['workers'], ['mailbox'], ['address']],
  block: [
    ['block', 'server-lane'],
    ['events', 'factories', 'idle', 'shape'],
    ['failure'],
    ['failures'],
    ['callbacks'],
    ['active-block'],
  ],
  server: [['reconnect', 'server-connector'], ['connector']],
  flight: [
    ['circle', 'emitter', 'gate', 'initiator-block', 'report', 'signals'],
    ['blocks', 'finisher', 'waiting'],
    ['landing'],
    ['flight'],
    ['assemble'],
    ['sputnik'],
  ],
  '.': [['index']],
};

const SOURCE = 'packages/core/src';
const LEVELS = Object.entries(ROOMS).flatMap(([room, levels]) =>
  levels.map((names) => names.map((name) => posix.join(SOURCE, room, `${name}.ts`))),
);
const levelOf = new Map(LEVELS.flatMap((files, level) => files.map((file) => [file, level])));
const problems = [];

for (const file of filesBelow(SOURCE)) {
  const level = levelOf.get(file);
  if (level === undefined) problems.push(`${file} has no level; give it one in scripts/core-levels.mjs`);
  // Without comments: their examples import the core as its users do.
  const text = readFileSync(new URL(`../${file}`, import.meta.url), 'utf8').replaceAll(/\/\*[\s\S]*?\*\//g, '');
  for (const [, specifier] of text.matchAll(/\bfrom '([^']+)'/g)) {
    if (specifier.startsWith('node:')) continue;
    const other = posix.join(posix.dirname(file), specifier.replace(/\.js$/, '.ts'));
    if (!levelOf.has(other)) problems.push(`${file} imports ${specifier}; the core depends on nothing`);
    else if (!(levelOf.get(other) < level)) problems.push(`${file} imports ${specifier}, which is not below it`);
  }
}

if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log(`core: ${levelOf.size} files keep their rooms and levels`);
