// Writes what a release is made of (CycloneDX, by `npm sbom`) to dist-packages/: the published packages, and all that they bring along. It
// reads the lock file only, and needs no network.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { json, PACKAGES, ROOT } from './packages.mjs';
import { production } from './production.mjs';

const { version } = PACKAGES[0].manifest;
const { description, license, repository, homepage } = json('package.json');
/** Nothing on npm is called so: a release is several packages. */
const NAME = '@sputnikjs/release';
const file = join(ROOT, 'dist-packages', `sputnik-${version}.cdx.json`);

/** A workspace of what users get, and nothing else, for npm to tell of. */
function makeWorkspace(folder) {
  const write = (path, value) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), JSON.stringify(value));
  };
  const workspaces = PACKAGES.map((one) => one.folder);
  const root = { name: NAME, version, private: true, description, license, repository, homepage, workspaces };
  write('package.json', root);
  for (const { folder: path, manifest } of PACKAGES) {
    const { devDependencies: _, scripts: __, ...published } = manifest;
    write(`${path}/package.json`, published);
  }
  // npm finds the members by the links to them
  const links = PACKAGES.map(({ folder: path, manifest }) => [
    `node_modules/${manifest.name}`,
    { resolved: path, link: true },
  ]);
  const packages = {
    '': root,
    ...Object.fromEntries([...links, ...production().map(({ path, entry }) => [path, entry])]),
  };
  write('package-lock.json', { name: root.name, version, lockfileVersion: 3, requires: true, packages });
}

const purlOf = (name, its) => `pkg:npm/${name.replace('@', '%40')}@${its}`;

const folder = mkdtempSync(join(tmpdir(), 'sputnik-sbom-'));
try {
  makeWorkspace(folder);
  const args = ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application', '--package-lock-only', '--offline'];
  const { status, stdout } = spawnSync('npm', args, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (status !== 0) process.exit(status ?? 1);
  const bom = JSON.parse(stdout);
  // npm calls it like the folder
  bom.metadata.component.name = NAME;
  const listed = new Set(bom.components.map(({ purl }) => purl));
  const missing = production().filter(({ name, entry }) => !entry.link && !listed.has(purlOf(name, entry.version)));
  if (missing.length > 0) throw new Error(`npm sbom left out ${missing.map(({ name }) => name).join(', ')}`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(bom, undefined, 2)}\n`);
  console.log(`sbom: ${bom.components.length} components in ${file.slice(ROOT.length)}`);
} finally {
  rmSync(folder, { recursive: true });
}
