import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const SERVICE = join(ROOT, 'packages/create-satellite/template/deploy/my-satellite.service');

const APP = join(ROOT, 'apps/protocol-adapter');
const DEPLOY = join(APP, 'deploy');

/** What systemd says of a unit, beside others of its folder. */
function verified(unit: string, folder: string): string {
  // those of the folder, not one of this machine
  const env = { ...process.env, SYSTEMD_UNIT_PATH: `${folder}:` };
  const args = ['verify', '--man=no', join(folder, unit)];
  const { status, stdout, stderr } = spawnSync('systemd-analyze', args, { encoding: 'utf8', env });
  return `${stdout}${stderr}${status === 0 ? '' : `exit code ${status}`}`;
}

for (const path of ['docs/operations.md', 'packages/adapter-syslog/README.md']) {
  test(`systemd has nothing to say about the unit of a socket in ${path}, beside the service of the scaffold`, (t) => {
    const [, unit = ''] = /```ini\n(.*?)```/s.exec(readFileSync(join(ROOT, path), 'utf8')) ?? [];
    assert.match(unit, /^ListenStream=/m);
    const folder = mkdtempSync(join(tmpdir(), 'sputnik-units-'));
    t.after(() => rmSync(folder, { recursive: true }));
    copyFileSync(SERVICE, join(folder, 'my-satellite.service'));
    writeFileSync(join(folder, 'my-satellite.socket'), unit);
    assert.equal(verified('my-satellite.socket', folder), '');
  });
}

test('systemd has nothing to say about the units of the protocol adapter', () => {
  for (const unit of ['protocol-adapter.service', 'protocol-adapter.socket']) assert.equal(verified(unit, DEPLOY), '');
});

test('the configuration in the manifest of the protocol adapter is right, and its probes ask for what there is', (t) => {
  const text = readFileSync(join(DEPLOY, 'kubernetes.yaml'), 'utf8');
  const documents = parseAllDocuments(text).map((document) => document.toJS() as Manifest);
  // below the app, so that packages are found from it
  const folder = mkdtempSync(join(APP, 'dist-test', 'manifest-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const { data = {} } of documents)
    for (const [name, content] of Object.entries(data)) writeFileSync(join(folder, name), content);
  const sputnik = join(ROOT, 'packages/sidecar/bin/sputnik.js');
  const { stdout, stderr } = spawnSync(process.execPath, [sputnik, 'check', '--cf', folder], { encoding: 'utf8' });
  assert.match(stdout, /: ok, 4 blocks/, stderr);
  const probed = [...text.matchAll(/path: (\/\w+z), port: admin/g)].map(([, path]) => path);
  assert.deepEqual(probed, ['/startupz', '/livez', '/readyz']);
});

interface Manifest {
  readonly data?: Readonly<Record<string, string>>;
}
