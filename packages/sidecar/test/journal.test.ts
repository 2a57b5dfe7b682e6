import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { BLOCKS, LANDER } from './fixtures.js';
import { CLI, folder } from './helpers.js';

/** Runs a folder as systemd does: JOURNAL_STREAM names the device and the inode of one of its descriptors. */
async function underJournal(fd: 1 | 2, cf: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const script = `exec 3>&${fd}; JOURNAL_STREAM=$(stat -Lc %d:%i /proc/self/fd/3); export JOURNAL_STREAM; exec "$@" 3>&-`;
  const child = spawn('sh', ['-c', script, 'sh', process.execPath, CLI, 'run', '--cf', cf], { stdio: 'pipe' });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { stdout, stderr };
}

const lander = (): Promise<string> =>
  folder({ 'blocks.json': [{ name: 'lander', module: './lander.mjs' }], 'lander.mjs': LANDER });

test('each line of the log begins with its priority in the journal', async () => {
  const failing = await folder({ 'blocks.json': [{ name: 'failing', module: './blocks.mjs' }], 'blocks.mjs': BLOCKS });
  const { stdout, stderr } = await underJournal(1, failing);
  const lines = stdout.trimEnd().split('\n');
  assert.ok(
    lines.every((line) => /^<(6>{"level":"info"|3>{"level":"error")/.test(line)),
    stdout,
  );
  assert.ok(lines.some((line) => line.startsWith('<3>')) && lines.some((line) => line.startsWith('<6>')), stdout);
  assert.match(stderr, /^sputnik: block failing/, 'stderr is not the journal here');
});

test('what is written to stderr is an error in the journal, and the log has no priorities where it goes elsewhere', async () => {
  const { stdout, stderr } = await underJournal(2, await folder({ 'blocks.json': [{ name: 'nobody' }] }));
  assert.equal(stdout, '');
  assert.match(stderr, /^(<3>.+\n)+$/);
  const elsewhere = await underJournal(2, await lander());
  assert.match(elsewhere.stdout, /^{"level":"info"/);
});
