import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SERVICE = join(ROOT, 'packages/create-satellite/template/deploy/my-satellite.service');

for (const path of ['docs/operations.md', 'packages/adapter-syslog/README.md']) {
  test(`systemd has nothing to say about the unit of a socket in ${path}, beside the service of the scaffold`, (t) => {
    const [, unit = ''] = /```ini\n(.*?)```/s.exec(readFileSync(join(ROOT, path), 'utf8')) ?? [];
    assert.match(unit, /^ListenStream=/m);
    const folder = mkdtempSync(join(tmpdir(), 'sputnik-units-'));
    t.after(() => rmSync(folder, { recursive: true }));
    copyFileSync(SERVICE, join(folder, 'my-satellite.service'));
    const socket = join(folder, 'my-satellite.socket');
    writeFileSync(socket, unit);
    // that of the folder, not one of this machine
    const env = { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` };
    const args = ['verify', '--man=no', socket];
    const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8', env });
    assert.equal(`${stdout}${stderr}`, '');
    assert.equal(status, 0);
  });
}
