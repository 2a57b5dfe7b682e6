// Publishes the tarballs of dist-packages/, the ones that were tested. Those whose version is on npm already are left out, so
// that a release which was interrupted can be run again.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGES, ROOT } from './packages.mjs';

const [tag] = process.argv.slice(2);
const { version } = PACKAGES[0].manifest;
if (tag !== `v${version}`) {
  console.error(`the packages have version ${version}: the tag must be v${version}, not ${tag}`);
  process.exit(1);
}

const npm = (args, stdio) => spawnSync('npm', args, { cwd: ROOT, encoding: 'utf8', stdio }).status === 0;

for (const { manifest } of PACKAGES) {
  const tarball = join(ROOT, 'dist-packages', `${manifest.name.slice(1).replace('/', '-')}-${version}.tgz`);
  if (!existsSync(tarball)) {
    console.error(`${tarball} is missing: run \`npm run test:packages\`, which makes and tests it`);
    process.exit(1);
  }
  if (npm(['view', `${manifest.name}@${version}`, 'version'], ['ignore', 'ignore', 'ignore'])) {
    console.log(`${manifest.name}@${version} is there already`);
  } else if (!npm(['publish', tarball, '--access', 'public', '--provenance'], 'inherit')) {
    process.exit(1);
  }
}
