import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { BLOCKS, CONNECTOR } from './fixtures.js';
import { cli, folder } from './helpers.js';

async function takenPort(): Promise<number> {
  const server: Server = createServer().listen(0, '127.0.0.1');
  after(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const listening = { 'blocks.json': [{ name: 'listener', module: './blocks.mjs' }], 'blocks.mjs': BLOCKS };

test('a port in use is exit code 1 and one line that says which', async () => {
  const port = await takenPort();
  const { code, stderr } = await cli(['run', '--cf', await folder({ ...listening, 'listener.json': { port } })]);
  assert.equal(code, 1);
  assert.equal(stderr.length, 1, stderr.join('\n'));
  assert.match(stderr[0] ?? '', new RegExp(`^sputnik: block listener, init: .*in use 127\\.0\\.0\\.1:${port}$`));
});

test('a server connector that cannot start its own server is exit code 1 and one line that says why', async () => {
  const port = await takenPort();
  const cf = await folder({
    'blocks.json': [],
    'connector.mjs': CONNECTOR,
    'connector.json': { module: './connector.mjs', port, user: 'me' },
  });
  const { code, stderr } = await cli(['run', '--cf', cf]);
  assert.equal(code, 1);
  assert.equal(stderr.length, 1, stderr.join('\n'));
  assert.match(
    stderr[0] ?? '',
    new RegExp(`^sputnik: block connector, start: cannot start: .*in use 127\\.0\\.0\\.1:${port}$`),
  );
});

test('bad configuration is exit code 78 with every problem on a line, the same for check and run (hazard 38)', async () => {
  const cf = await folder({
    'blocks.json': [
      { name: 'listener', module: './blocks.mjs' },
      { name: 'talker', module: './blocks.mjs' },
      { name: 'x', module: './x.mjs' },
    ],
    'blocks.mjs': BLOCKS,
    'listener.json': { prot: 1, host: 5 },
    'connector.json': '{"module": ',
  });
  const runs = await Promise.all(['check', 'run'].map((command) => cli([command, '--cf', cf])));
  for (const { code, stdout, stderr } of runs) {
    assert.equal(code, 78);
    assert.deepEqual(stdout, []);
    assert.equal(stderr.length, 6, stderr.join('\n'));
    for (const line of stderr) assert.ok(line.startsWith(cf), line);
  }
});

test('a missing folder, and one without a list of blocks, is exit code 78 (hazard 38)', async () => {
  const empty = await folder({});
  const folders = [join(empty, 'nowhere'), empty];
  const runs = await Promise.all(folders.flatMap((cf) => [cli(['check', '--cf', cf]), cli(['run', '--cf', cf])]));
  for (const { code, stderr } of runs) {
    assert.equal(code, 78);
    assert.equal(stderr.length, 1);
  }
});

test('configuration that a block finds bad at its init is exit code 78', async () => {
  const cf = await folder({ 'blocks.json': [{ name: 'original', module: './blocks.mjs' }], 'blocks.mjs': BLOCKS });
  const { code, stderr } = await cli(['run', '--cf', cf]);
  assert.equal(code, 78);
  assert.deepEqual(stderr, [`${join(cf, 'elsewhere.json')}: there is no such file; these keys have no default: url`]);
});

test('check says that a good folder is good', async () => {
  const cf = await folder({ ...listening, 'listener.json': { port: await takenPort() } });
  const { code, stdout } = await cli(['check', '--cf', cf]);
  assert.deepEqual([code, stdout], [0, [`${cf}: ok, 1 block`]]);
});

test('a variable that Kubernetes injects for a service is explained', async () => {
  const cf = await folder({ ...listening, 'listener.json': { port: 0 } });
  const { code, stderr } = await cli(['check', '--cf', cf], {
    LISTENER_PORT: 'tcp://10.0.0.1:514',
    LISTENER_PORT_514_TCP: 'x',
  });
  assert.equal(code, 78);
  assert.equal(stderr.length, 1);
  assert.match(stderr[0] ?? '', /^environment: LISTENER_PORT: .*Kubernetes/);
});

test('a command line that is wrong is exit code 78, help and version are 0', async () => {
  const wrong = [['run'], ['check', '--cf'], ['fly', '--cf', '.'], ['run', '--cf', '.', '--fast']];
  for (const { code, stderr } of await Promise.all(wrong.map((args) => cli(args)))) {
    assert.equal(code, 78, stderr.join());
    assert.match(stderr.at(-1) ?? '', /^"sputnik COMMAND --help" says/);
  }
  const [help, version] = await Promise.all([cli(['--help']), cli(['--version'])]);
  assert.deepEqual([help.code, version.code], [0, 0]);
  assert.match(version.stdout.join(), /^\d+\.\d+\.\d+/);
});
