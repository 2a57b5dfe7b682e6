// Makes the tarballs of all published packages in dist-packages/, by `npm pack`, which builds each (prepack).
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PACKAGES, ROOT } from './packages.mjs';

const destination = join(ROOT, 'dist-packages');
rmSync(destination, { recursive: true, force: true });
mkdirSync(destination);
const workspaces = PACKAGES.flatMap(({ folder }) => ['--workspace', folder]);
const args = ['pack', '--loglevel', 'warn', '--pack-destination', destination, ...workspaces];
const { status } = spawnSync('npm', args, { cwd: ROOT, stdio: 'inherit' });
process.exit(status ?? 1);
