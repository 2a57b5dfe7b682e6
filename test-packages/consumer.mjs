// A project of somebody else: an empty folder outside the workspace, where the tarballs of dist-packages/ are installed.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { PACKAGES, ROOT } from '../scripts/packages.mjs';

const INSTALL_MS = 300_000;
const RUN_MS = 120_000;

/** The tarballs, one for each published package. Throws if some are missing. */
export function tarballs() {
  const folder = join(ROOT, 'dist-packages');
  const files = PACKAGES.map(({ manifest: { name, version } }) =>
    join(folder, `${name.slice(1).replace('/', '-')}-${version}.tgz`),
  );
  const there = new Set(readdirSync(folder).map((file) => join(folder, file)));
  const missing = files.filter((file) => !there.has(file));
  if (missing.length > 0) throw new Error(`run \`npm run pack\`: ${missing.join(', ')} missing`);
  return files;
}

/** A folder of its own, removed when the process ends. */
export function emptyFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'sputnik-consumer-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files, by their path in the folder. */
export function write(folder, files) {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  }
}

/** Installs packages, tarballs or what comes from the registry. Throws if that is impossible: without it nothing is tested. */
export function install(folder, what) {
  const args = ['install', '--no-audit', '--no-fund', '--loglevel', 'error', '--save-exact', ...what];
  const { status, stderr, error } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8', timeout: INSTALL_MS });
  if (status === 0) return;
  throw new Error(
    `npm install failed in an empty folder. These tests need an npm registry; without one they cannot say anything.\n${error ?? ''}${stderr}`,
  );
}

/** The executable of another Node, by its major version. */
export function nodeOf(major) {
  const args = ['--yes', '--loglevel', 'error', '-p', `node@${major}`, 'node', '-p', 'process.execPath'];
  const { status, stdout, stderr } = spawnSync('npx', args, { encoding: 'utf8', timeout: INSTALL_MS });
  if (status !== 0) throw new Error(`Node ${major} cannot be had; these tests need an npm registry\n${stderr}`);
  return stdout.trim();
}

/** The environment of a user, who runs no tests of ours, with some more variables. */
function environment(more) {
  const { NODE_TEST_CONTEXT: _context, NODE_OPTIONS: _options, ...env } = process.env;
  return { ...env, NO_COLOR: '1', ...more };
}

/** A port of 127.0.0.1 that nobody listens at. */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Runs a program to its end: `{ code, output }`. `land` is a text in its output upon which its group gets the signal. */
export async function run(cwd, command, args, { land, signal = 'SIGTERM', env } = {}) {
  const child = spawn(command, args, { cwd, env: environment(env), stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const deadline = setTimeout(() => process.kill(-child.pid, 'SIGKILL'), RUN_MS);
  let output = '';
  let isTold = false;
  const read = (data) => {
    output += data;
    if (land === undefined || isTold || !output.includes(land)) return;
    isTold = true;
    // as a terminal does: to npm and to what it has started
    process.kill(-child.pid, signal);
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  const [code] = await once(child, 'close');
  clearTimeout(deadline);
  return { code, output };
}

/** The fenced blocks of a language in a document. */
export function blocksOf(document, language) {
  const markdown = readFileSync(join(ROOT, document), 'utf8');
  const blocks = [...markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)];
  return blocks.filter((block) => block[1] === language).map((block) => block[2]);
}
