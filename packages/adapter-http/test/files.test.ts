import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { post, Wire } from './clients.js';
import { openMany, startVictim } from './victim.js';

test('a process that has no file left for connections says so once in a while, not for each, and goes on when it has', async (t) => {
  const victim = await startVictim(t, { maxFiles: 400 });
  const told = () => victim.lines.filter(({ event }) => event === 'outOfFiles');
  const wires = await openMany(600, () => new Wire(victim.port));
  while (told().length === 0) await sleep(50);
  assert.deepEqual(
    victim.lines.filter(({ event }) => event === 'fewFiles').map(({ level }) => level),
    ['warn'],
  );
  for (const wire of wires) wire.socket.destroy();
  while ((await post(`${victim.url}/produce/a`, 'x').catch(() => ({ status: 0 }))).status !== 202) await sleep(50);
  // the limiter tells of the rest every five seconds
  assert.ok(told().length <= 2, `${told().length} lines`);
  assert.match(told()[0]?.text ?? '', /cannot open more files.* \(EMFILE\); raise .*ulimit -n/);
  const { clean, exitCode } = await victim.land();
  assert.deepEqual({ clean, exitCode }, { clean: true, exitCode: 0 });
});
