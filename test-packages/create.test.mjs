// A new satellite, made from the tarballs as a newcomer would, and what it brings put to use.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import { ROOT } from '../scripts/packages.mjs';
import { emptyFolder, freePort, run, tarballs } from './consumer.mjs';

const home = emptyFolder();
const satellite = join(home, 'my-sidecar');
const npm = (...args) => run(satellite, 'npm', args);
const has = (program) => spawnSync(program, ['--version']).error === undefined;

before(async () => {
  const tarball = tarballs().find((file) => file.includes('create-satellite'));
  const args = ['--yes', '-p', tarball, 'create-satellite', 'my-sidecar', '--packages', join(ROOT, 'dist-packages')];
  const made = await run(home, 'npx', args);
  assert.equal(made.code, 0, made.output);
  for (const line of ['cd my-sidecar', 'npm install', 'npm test', 'npm start']) assert.ok(made.output.includes(line));
  const installed = await npm('install', '--no-audit', '--no-fund', '--loglevel', 'error');
  assert.equal(installed.code, 0, `these tests need an npm registry\n${installed.output}`);
});

test('its own tests pass', async () => {
  const { code, output } = await npm('test');
  assert.equal(code, 0, output);
  assert.match(output, /(#|ℹ) pass 2\n/);
});

test('its configuration passes the check', async () => {
  const { code, output } = await npm('run', 'check');
  assert.equal(code, 0, output);
  assert.match(output, /ok, 2 blocks/);
});

test('npm start flies it, and Ctrl-C lands it', async () => {
  const env = { CONNECTOR_PORT: await freePort() };
  const { output } = await run(satellite, 'npm', ['start'], { land: '"event":"connected"', signal: 'SIGINT', env });
  assert.match(output, /"msg":"ticking"/);
  assert.match(output, /landed after SIGINT in \d+ ms, clean/);
});

test('.env.example sets keys that there are, and the satellite flies without its server', async () => {
  cpSync(join(satellite, '.env.example'), join(satellite, 'conf/local.env'));
  const { code, output } = await npm('run', 'check');
  assert.equal(code, 0, output);
  const flown = await run(satellite, process.execPath, ['node_modules/.bin/sputnik', 'run', '--cf', 'conf'], {
    land: '"event":"launched"',
  });
  rmSync(join(satellite, 'conf/local.env'));
  assert.equal(flown.code, 0, flown.output);
});

/** The commands of a Dockerfile, by instruction, in order. */
const dockerfile = () =>
  readFileSync(join(satellite, 'Dockerfile'), 'utf8')
    .split('\n')
    .map((line) => /^([A-Z]+) (.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, instruction, rest]) => ({ instruction, rest }));

test('what the Dockerfile says works, step by step, and SIGTERM lands what its CMD starts', async () => {
  // Without a daemon for containers: each stage is a folder, and its steps are done there. What it cannot show is the base image.
  const context = satellite;
  const stages = [];
  let cmd;
  for (const { instruction, rest } of dockerfile()) {
    const stage = stages.at(-1);
    if (instruction === 'FROM') stages.push(emptyFolder());
    if (instruction === 'COPY') {
      const [, from, files] = /^(--from=build )?(.*)$/.exec(rest);
      const words = files.split(' ');
      const target = words.pop();
      for (const source of words) {
        const path = join(from ? stages[0] : context, source.replace('/app/', ''));
        cpSync(path, target === './' ? join(stage, source.split('/').at(-1)) : join(stage, target), {
          recursive: true,
          verbatimSymlinks: true,
          filter: (file) => !file.endsWith('.env'),
        });
      }
    }
    if (instruction === 'RUN') {
      const done = await run(stage, 'sh', ['-c', rest]);
      assert.equal(done.code, 0, done.output);
    }
    if (instruction === 'CMD') cmd = JSON.parse(rest);
  }
  assert.equal(stages.length, 2);
  const image = stages[1];
  assert.ok(!existsSync(join(image, 'node_modules/typescript')), 'the image has a compiler');
  assert.ok(!existsSync(join(image, 'node_modules/@sputnikjs/testkit')), 'the image has the testkit');
  assert.equal(cmd[0], 'node', 'the process that gets the signals must be Node itself');
  const flown = await run(image, process.execPath, cmd.slice(1), {
    land: '"event":"connected"',
    env: { CONNECTOR_PORT: await freePort() },
  });
  assert.equal(flown.code, 0, flown.output);
  assert.match(flown.output, /landed after SIGTERM in \d+ ms, clean/);
});

test('what compose and Kubernetes set of the environment passes the check', async () => {
  const service = parse(readFileSync(join(satellite, 'compose.yaml'), 'utf8')).services['my-sidecar'];
  const [document] = parseAllDocuments(readFileSync(join(satellite, 'deploy/kubernetes.yaml'), 'utf8'));
  const [sidecar] = document.toJS().spec.template.spec.initContainers;
  const ofPod = Object.fromEntries(sidecar.env.map(({ name, value }) => [name, value]));
  for (const env of [service.environment, ofPod]) {
    const check = ['node_modules/.bin/sputnik', 'check', '--cf', 'conf'];
    const { code, output } = await run(satellite, process.execPath, check, { env });
    assert.equal(code, 0, output);
  }
});

test('containers get more time to stop than the landing may take, and may write nothing', () => {
  const { timeouts } = JSON.parse(readFileSync(join(satellite, 'conf/sputnik.json'), 'utf8'));
  const service = parse(readFileSync(join(satellite, 'compose.yaml'), 'utf8')).services['my-sidecar'];
  assert.equal(service.read_only, true);
  assert.ok(Number.parseInt(service.stop_grace_period, 10) * 1000 > timeouts.landingMs);
  const [document] = parseAllDocuments(readFileSync(join(satellite, 'deploy/kubernetes.yaml'), 'utf8'));
  const pod = document.toJS().spec.template.spec;
  const [sidecar] = pod.initContainers;
  assert.equal(sidecar.restartPolicy, 'Always');
  assert.equal(sidecar.securityContext.readOnlyRootFilesystem, true);
  assert.ok(pod.terminationGracePeriodSeconds * 1000 > timeouts.landingMs);
});

test(
  'systemd has nothing to say about the unit',
  { skip: !has('systemd-analyze') && 'no systemd-analyze here' },
  () => {
    const unit = join(satellite, 'deploy/my-sidecar.service');
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unit], { encoding: 'utf8' });
    assert.equal(`${stdout}${stderr}`, '');
    assert.equal(status, 0);
  },
);
