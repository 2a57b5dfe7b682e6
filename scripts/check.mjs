// All that can be checked without a test, side by side. Says what each has found, in this order; fails if one does. Needs the packages built.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { ROOT } from './packages.mjs';

const CHECKS = [
  'oxlint --type-aware --deny-warnings',
  'oxfmt --check',
  'package-metadata.mjs',
  'dependencies.mjs',
  'licences.mjs',
  'core-levels.mjs',
  'core-size.mjs',
  'guards.mjs',
  'api.mjs --check',
  'configuration.mjs --check',
  'metrics.mjs --check',
  'events.mjs',
];

/** What a check says, and whether it has passed. */
async function result(check) {
  const [name, ...args] = check.split(' ');
  const isScript = name.endsWith('.mjs');
  const [program, all] = isScript
    ? [process.execPath, [join('scripts', name), ...args]]
    : [join('node_modules', '.bin', name), args];
  const child = spawn(program, all, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
  const [out, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), closed]);
  return { said: out + errors, hasPassed: code === 0 };
}

for (const [at, running] of CHECKS.map(result).entries()) {
  const { said, hasPassed } = await running;
  process.stdout.write(said);
  if (hasPassed) continue;
  console.error(`${CHECKS[at]}: failed`);
  process.exitCode = 1;
}
