import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { spawnSidecar } from '@sputnikjs/testkit';

const BIN = fileURLToPath(new URL('../bin/create-satellite.js', import.meta.url));
const TEMPLATE = fileURLToPath(new URL('../template/package.json', import.meta.url));
const ROOT = fileURLToPath(new URL('../../../package.json', import.meta.url));

type Manifest = Record<'dependencies' | 'devDependencies', Record<string, string>>;
const manifestIn = (path: string): Manifest => JSON.parse(readFileSync(path, 'utf8')) as Manifest;

function emptyFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'create-satellite-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A tarball as `npm pack` makes them, of a package that is nothing but its manifest. */
function pack(folder: string, name: string, dependencies: Record<string, string> = {}): void {
  mkdirSync(join(folder, 'package'), { recursive: true });
  writeFileSync(join(folder, 'package/package.json'), JSON.stringify({ name, version: '0.1.0', dependencies }));
  const file = `${name.slice(1).replace('/', '-')}-0.1.0.tgz`;
  execFileSync('tar', ['czf', join(folder, file), '-C', folder, 'package']);
}

/** Tarballs of what the template depends on; the sidecar needs one more. */
function packagesIn(folder: string): void {
  const { dependencies, devDependencies } = manifestIn(TEMPLATE);
  const ours = Object.keys({ ...dependencies, ...devDependencies }).filter((name) => name.startsWith('@sputnikjs/'));
  for (const name of ours) {
    pack(folder, name, name === '@sputnikjs/sidecar' ? { '@sputnikjs/extra': '0.1.0', yaml: '2.9.1' } : {});
  }
  pack(folder, '@sputnikjs/extra');
  pack(folder, '@sputnikjs/unused');
}

async function create(cwd: string, ...args: string[]): Promise<{ code: number | null; out: string; err: string }> {
  const { ended, stdout, stderr } = spawnSidecar(BIN, args, { cwd });
  return { code: (await ended).code, out: stdout.join('\n'), err: stderr.join('\n') };
}

test('our packages come from tarballs in vendor/, those that they need among them, and no other', async (t) => {
  const folder = emptyFolder(t);
  packagesIn(folder);
  const { code, out, err } = await create(folder, 'my-sidecar', '--packages', '.');
  assert.equal(code, 0, err);
  assert.match(out, /cd my-sidecar\n {4}npm install\n/);
  const made = join(folder, 'my-sidecar');
  const { dependencies, devDependencies } = manifestIn(join(made, 'package.json'));
  assert.equal(dependencies['@sputnikjs/extra'], 'file:vendor/sputnikjs-extra-0.1.0.tgz');
  assert.equal(dependencies['@sputnikjs/unused'], undefined);
  const all = Object.entries({ ...dependencies, ...devDependencies });
  for (const [name, wanted] of all.filter(([key]) => key.startsWith('@sputnikjs/'))) {
    assert.ok(existsSync(join(made, wanted.replace('file:', ''))), `${name}: ${wanted}`);
  }
});

test('it is named after its folder, in files and names of files', async (t) => {
  const folder = emptyFolder(t);
  packagesIn(folder);
  assert.equal((await create(folder, join('deep', 'my-sidecar'), '--packages', folder)).code, 0);
  const made = join(folder, 'deep', 'my-sidecar');
  const files = readdirSync(made, { recursive: true, encoding: 'utf8' });
  assert.ok(files.includes(join('deploy', 'my-sidecar.service')));
  assert.ok(['.gitignore', '.dockerignore', '.env.example'].every((file) => files.includes(file)));
  for (const file of files.filter((path) => /\.(json|md|yaml|service|ts)$/.test(path))) {
    assert.doesNotMatch(readFileSync(join(made, file), 'utf8'), /my-satellite/, file);
  }
});

test("without tarballs it refuses, lest a stranger's packages are installed, and makes nothing", async (t) => {
  const folder = emptyFolder(t);
  const { code, err } = await create(folder, 'my-sidecar');
  assert.equal(code, 1);
  assert.match(err, /not on npm yet.*--packages DIR/);
  assert.deepEqual(readdirSync(folder), []);
});

const REFUSED: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['no folder, and nobody at a terminal', [], /name a folder/],
  ['two folders', ['a', 'b'], /give one folder, not a and b/],
  ['a name that systemd or Kubernetes would not take', ['My_Sidecar'], /"My_Sidecar" cannot be its name/],
  ['a folder that is not empty', ['full'], /full is not empty/],
  ['a folder of tarballs that is not there', ['a', '--packages', 'nowhere'], /--packages .*nowhere/],
  ['a folder without the tarballs', ['a', '--packages', 'full'], /no tarball of @sputnikjs\/\S+; `npm run pack`/],
  ['an option that it does not know', ['a', '--fast'], /--fast/],
];

for (const [what, args, message] of REFUSED) {
  test(`it refuses ${what}, in one line without a stack`, async (t) => {
    const folder = emptyFolder(t);
    mkdirSync(join(folder, 'full'));
    writeFileSync(join(folder, 'full/file'), '');
    const { code, err } = await create(folder, ...args);
    assert.equal(code, 1);
    assert.match(err, message);
    assert.doesNotMatch(err, /\n {4}at /);
    assert.deepEqual(readdirSync(folder), ['full']);
  });
}

test('the template wants the versions that this repository is tested with', () => {
  const { devDependencies } = manifestIn(ROOT);
  const template = manifestIn(TEMPLATE);
  for (const name of ['typescript', '@types/node']) assert.equal(template.devDependencies[name], devDependencies[name]);
});
