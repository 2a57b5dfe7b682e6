import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { BLOCKS, CONNECTOR, LANDER } from './fixtures.js';
import { CLI, Cli, folder } from './helpers.js';

const listening = { 'blocks.json': [{ name: 'listener', module: './blocks.mjs' }], 'blocks.mjs': BLOCKS };

test('a satellite runs until SIGTERM, ends with 0, and its log is a line of JSON for every event', async () => {
  const run = new Cli(['run', '--cf', await folder({ ...listening, 'listener.yaml': 'port: 0' })]);
  const { level, time, block } = await run.event('listening');
  assert.deepEqual([level, block], ['info', 'listener']);
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  await run.event('launched');
  run.child.kill('SIGTERM');
  assert.equal(await run.end(), 0);
  assert.deepEqual(run.stderr, []);
  const events = run.stdout.map((line) => (JSON.parse(line) as { event: string }).event);
  for (const event of ['initializing', 'initialized', 'launching', 'launched', 'landing', 'finishing', 'finished'])
    assert.ok(events.includes(event), event);
  const landed = JSON.parse(run.stdout.at(-1) ?? '') as Record<string, unknown>;
  assert.deepEqual([landed['event'], landed['clean'], landed['reason']], ['landed', true, 'SIGTERM']);
});

test('Ctrl-C ends it with 0 as well, and without a server it has no connector', async () => {
  const run = new Cli(['run', '--cf', await folder({ 'blocks.yml': '[]' })]);
  await run.event('launched');
  run.child.kill('SIGINT');
  assert.equal(await run.end(), 0);
});

test('a SIGTERM before the first connect is a clean landing (hazard 36)', async () => {
  const never = CONNECTOR.replace(
    'connect: () => ((up = true), {})',
    'connect: () => Promise.reject(new Error("not yet"))',
  );
  const cf = await folder({
    'blocks.json': [],
    'connector.mjs': never,
    'connector.json': { module: './connector.mjs', port: 0, user: 'me' },
  });
  const run = new Cli(['run', '--cf', cf]);
  await run.event('connectFailed');
  run.child.kill('SIGTERM');
  assert.equal(await run.end(), 0, 'and what the connector started has been stopped: nothing keeps the process');
  assert.deepEqual(run.stderr, []);
});

test('a second Ctrl-C ends it as signals do', async () => {
  const cf = await folder({ 'blocks.json': [{ name: 'hanger', module: './blocks.mjs' }], 'blocks.mjs': BLOCKS });
  const run = new Cli(['run', '--cf', cf]);
  await run.event('launched');
  run.child.kill('SIGINT');
  await run.event('finishing');
  // one that follows at once may be the first, passed on by npm: a person tries again
  const again = setInterval(() => run.child.kill('SIGINT'), 100);
  assert.equal(await run.end(), 'SIGINT');
  clearInterval(again);
});

test('a block that hangs is named, the exit code is 1, and what it left open does not keep the process', async () => {
  const cf = await folder({
    'blocks.json': [{ name: 'hanger', module: './blocks.mjs' }],
    'blocks.mjs': BLOCKS,
    'sputnik.json': { timeouts: { landingMs: 200 } },
  });
  const run = new Cli(['run', '--cf', cf]);
  await run.event('launched');
  run.child.kill('SIGTERM');
  const landed = await run.event('landed');
  assert.deepEqual([landed['level'], landed['unfinished']], ['error', ['hanger.finish']]);
  assert.equal(await run.end(), 1);
  assert.match(run.stderr.join('\n'), /still open after the landing/);
});

test('a block that fails in flight is exit code 1, with the block, the callback and the cause', async () => {
  const cf = await folder({ 'blocks.json': [{ name: 'failing', module: './blocks.mjs' }], 'blocks.mjs': BLOCKS });
  const run = new Cli(['run', '--cf', cf]);
  const failed = await run.event('failed');
  assert.deepEqual([failed['block'], failed['callback'], failed['decision']], ['failing', 'run', 'shutdown']);
  assert.match(JSON.stringify(failed['error']), /TypeError: a bug\\n/);
  assert.equal(await run.end(), 1);
  assert.match(run.stderr.join('\n'), /^sputnik: block failing, run: a bug$/);
});

test('variables override the folder, in the process and in *.env files, also as files of secrets', async () => {
  const cf = await folder({
    ...listening,
    'listener.json': { port: 'x', host: 'nowhere.invalid' },
    'a.env': 'LISTENER_HOST=127.0.0.1',
    secret: 'hunter2\n',
  });
  const run = new Cli(['run', '--cf', cf], {
    LISTENER_PORT: '0',
    LISTENER_PASSWORD_FILE: join(cf, 'secret'),
    SPUTNIK_LOG_LEVEL: 'debug',
  });
  assert.equal((await run.event('listening'))['secret'], true);
  run.child.kill('SIGTERM');
  assert.equal(await run.end(), 0);
  assert.ok(![...run.stdout, ...run.stderr].join().includes('hunter2'));
});

test('on a terminal the log is for people', { skip: process.platform !== 'linux' }, async () => {
  const cf = await folder({ 'blocks.json': [{ name: 'lander', module: './lander.mjs' }], 'lander.mjs': LANDER });
  const command = [process.execPath, CLI, 'run', '--cf', cf].join(' ');
  const child = spawn('script', ['-qec', command, '/dev/null'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  assert.equal(code, 0);
  assert.match(output, /landed after .*clean/);
  assert.ok(!output.includes('"level"'), output);
});

test('a reader of the log that goes away harms nobody', async () => {
  const run = new Cli(['run', '--cf', await folder({ ...listening, 'listener.json': { port: 0 } })]);
  await run.event('launched');
  run.child.stdout?.destroy();
  await once(run.child.stdout as NonNullable<typeof run.child.stdout>, 'close');
  run.child.kill('SIGTERM');
  assert.equal(await run.end(), 0);
});

test('the log says at the start if node collects garbage on several threads', async () => {
  const cf = await folder({ 'blocks.json': [{ name: 'lander', module: './lander.mjs' }], 'lander.mjs': LANDER });
  const told = (flags: readonly string[]): boolean =>
    spawnSync(process.execPath, [...flags, CLI, 'run', '--cf', cf], { encoding: 'utf8' }).stdout.includes(
      'collectorThreads',
    );
  assert.deepEqual([told([]), told(['--single-threaded-gc']), told(['--single_threaded_gc'])], [true, false, false]);
});
