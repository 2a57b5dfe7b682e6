import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';
import { randomFrom } from '@sputnikjs/testkit';
import { ForgetfulFiles } from './forgetful-files.js';
import { folder } from './helpers.js';
import { assertKept, assertSurvives } from './kept.js';
import { callsIn, trace, WRITER } from './traced.js';
import { TracedDisk } from './traced-disk.js';

/** How many power cuts are tried after each call. */
const CUTS = 2;

test('D3: after each system call of a run, whatever a power cut leaves of the files has all that was stored', async (t) => {
  const parent = folder();
  const [path, record] = [join(parent, 'new', 'spool'), join(parent, 'trace')];
  const said = await trace(path, 1, record);
  const disk = new TracedDisk(path);
  let states = 0;
  let most = 0;
  for (const call of callsIn(record)) {
    if (!disk.apply(call)) continue;
    assert.ok(disk.isNamed || disk.said.length === 0, 'a message is stored in a folder whose name is not on the disk');
    for (let cut = 0; cut < CUTS; cut++, states++) {
      const files = new ForgetfulFiles(randomFrom(states), {}, disk).cut();
      most = Math.max(
        most,
        await assertKept(files, disk.said, `at a power cut after call ${states / CUTS}, ${call.name}`),
      );
    }
  }
  t.diagnostic(`${said.length} lines, ${states} power cuts, up to ${most} messages kept`);
  assert.deepEqual(disk.said, said);
  assert.ok(states > 500 && most > 10);
});

test(
  'D6: whatever system call fails, or is the last, all that was stored is on disk',
  { concurrency: 2 },
  async (t) => {
    await Promise.all([
      assertSurvives(t, 'pwritev', 'error=ENOSPC', '3'),
      assertSurvives(t, 'pwrite64', 'error=ENOSPC', '5+'),
      assertSurvives(t, 'pwrite64', 'retval=10', '3'),
      assertSurvives(t, 'pwrite64', 'signal=KILL', '5'),
      assertSurvives(t, 'fdatasync', 'error=EIO', '3+5'),
      assertSurvives(t, 'fdatasync', 'signal=KILL', '6'),
      assertSurvives(t, 'fsync', 'signal=KILL', '4'),
      assertSurvives(t, 'rename', 'error=EIO', '2+2'),
    ]);
  },
);

test('the traced process ends when who has started it is gone, be it killed: strace leaves it behind', async () => {
  const writer = spawn(process.execPath, [WRITER, join(folder(), 'spool'), '1'], {
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  writer.stdin.end();
  assert.deepEqual(await once(writer, 'exit'), [1, null]);
});
