// Our packages as they ship: bundled (decision 19), in a folder as `npm install` would make it.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LIBRARIES = join(ROOT, 'node_modules');
const SCOPE = '@sputnikjs';
/** What the protocol adapter of the bench loads. */
const PARTS = ['core', 'messaging', 'sidecar', 'adapter-syslog', 'adapter-http', 'connector-nats', 'spool'];

let program: string | undefined;

/** The program of the protocol adapter; its folder is made at the first call, and goes when this process ends. */
export function shippedAdapter(): string {
  program ??= install([...PARTS.map((name) => `packages/${name}`), 'apps/protocol-adapter']);
  return program;
}

function install(folders: readonly string[]): string {
  const modules = join(mkdtempSync(join(tmpdir(), 'sputnik-shipped-')), 'node_modules');
  process.on('exit', () => rmSync(join(modules, '..'), { recursive: true }));
  mkdirSync(join(modules, SCOPE), { recursive: true });
  for (const name of readdirSync(LIBRARIES))
    if (name !== SCOPE) symlinkSync(join(LIBRARIES, name), join(modules, name));
  for (const folder of folders) ship(folder, join(modules, SCOPE, basename(folder)));
  return join(modules, SCOPE, 'protocol-adapter/bin/protocol-adapter.js');
}

/** Makes a package, by its folder from the root of the workspace. */
export function ship(folder: string, to: string): void {
  mkdirSync(to, { recursive: true });
  execFileSync(process.execPath, ['scripts/bundle.mjs', folder, join(to, 'dist')], { cwd: ROOT });
  for (const part of ['package.json', 'bin', 'page'])
    if (existsSync(join(ROOT, folder, part))) cpSync(join(ROOT, folder, part), join(to, part), { recursive: true });
}
