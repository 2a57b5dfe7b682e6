import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
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

for (const [name, ok, workloads] of [
  ['kubernetes.yaml', 'ok, 4 blocks', ['']],
  ['kubernetes-processes.yaml', 'ok, 5 blocks', ['', 'syslog', 'http']],
] as const)
  test(`the configuration in ${name} is right, its probes ask for what there is, and its processes run what there is`, (t) => {
    const text = readFileSync(join(DEPLOY, name), 'utf8');
    const documents = parseAllDocuments(text).map((document) => document.toJS() as Manifest);
    // below the app, so that packages are found from it
    const folder = mkdtempSync(join(APP, 'dist-test', 'manifest-'));
    t.after(() => rmSync(folder, { recursive: true }));
    for (const { data = {} } of documents)
      for (const [key, content] of Object.entries(data)) {
        const path = join(folder, ...key.split(/\.(?=.*\.)/));
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, content);
      }
    const sputnik = join(ROOT, 'packages/sidecar/bin/sputnik.js');
    const { stdout, stderr } = spawnSync(process.execPath, [sputnik, 'check', '--cf', folder], { encoding: 'utf8' });
    assert.match(stdout, new RegExp(`: ${ok}`), stderr);
    const probed = [...text.matchAll(/path: (\/\w+z), port: admin/g)].map(([, path]) => path);
    assert.deepEqual(
      probed,
      workloads.flatMap(() => ['/startupz', '/livez', '/readyz']),
    );
    const specs = documents.flatMap(({ spec }) => spec?.template?.spec ?? []);
    const run = specs.map(
      ({ containers: [container] }) => container?.command.join(' ').split(' --satellite ')[1] ?? '',
    );
    assert.deepEqual(run, workloads);
    for (const { volumes } of specs)
      for (const { key, path } of volumes[0]?.configMap?.items ?? [])
        assert.equal(key.replace(/\.(?=.*\.)/, '/'), path);
  });

interface PodSpec {
  readonly containers: readonly { readonly command: readonly string[] }[];
  readonly volumes: readonly {
    readonly configMap?: { readonly items?: readonly { readonly key: string; readonly path: string }[] };
  }[];
}

interface Manifest {
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: { readonly template?: { readonly spec: PodSpec } };
}
