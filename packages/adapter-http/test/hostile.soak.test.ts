import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { post, Wire } from './clients.js';
import { startVictim } from './victim.js';

const SOAK_MS = 60_000;
const request = 'POST /produce/a HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx';
const lines = 'x\n'.repeat(9_999);

/** What attackers send over one connection. */
const ATTACKS: readonly string[] = [
  'GET /openapi.json HTTP/1.1\r\nhost: a\r\n\r\n'.repeat(2_000),
  request.repeat(1_000),
  `POST /produce/a/batch HTTP/1.1\r\nhost: a\r\nauthorization: Bearer other\r\ncontent-type: application/x-ndjson\r\ncontent-length: ${lines.length}\r\n\r\n${lines}`.repeat(
    20,
  ),
  `POST /produce/a HTTP/1.1\r\nhost: a\r\nauthorization: Bearer other\r\ncontent-length: ${1024 * 1024}\r\n\r\n${'x'.repeat(1024 * 1024 - 1)}`,
  `POST /produce/a HTTP/1.1\r\nhost: a\r\nx: ${'y'.repeat(15_000)}`,
  `POST /produce/${'t'.repeat(15_000)} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer wrong\r\ncontent-length: 0\r\n\r\n`.repeat(
    20,
  ),
  '',
  'GET / HTTP/1.1\r\n\r\n'.repeat(100),
];

test('all attacks at once for a minute: a satellite with a heap of 128 MB lives, serves others, and lands clean', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'http-soak-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const tokens = ['right', 'other'].map((name) => {
    const file = join(folder, name);
    writeFileSync(file, name, { mode: 0o600 });
    return { name, file, targets: ['*'] };
  });
  const victim = await startVictim(t, { config: { tokens } });
  const quiet = await victim.peakMb();
  const wires = new Set<Wire>();
  const over = new AbortController();
  const attack = async (text: string): Promise<void> => {
    while (!over.signal.aborted) {
      const wire = new Wire(victim.port, false, '127.0.0.2').send(text);
      wire.socket.pause();
      wires.add(wire);
      await sleep(200);
      if (wires.size < 1_500) continue;
      const [oldest] = wires;
      oldest?.socket.destroy();
      if (oldest) wires.delete(oldest);
    }
  };
  const attackers = ATTACKS.flatMap((text) => Array.from({ length: 4 }, () => attack(text)));
  const statuses = new Map<number, number>();
  for (const end = performance.now() + SOAK_MS; performance.now() < end;) {
    const { status } = await post(`${victim.url}/produce/good`, 'x'.repeat(10_000), { authorization: 'Bearer right' });
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    await sleep(50);
  }
  over.abort();
  await Promise.all(attackers);
  const more = (await victim.peakMb()) - quiet;
  const { clean, exitCode, ms } = await victim.land();
  for (const { socket } of wires) socket.destroy();
  t.diagnostic(`answers ${JSON.stringify([...statuses])}, ${Math.round(more)} MB more, landed in ${Math.round(ms)} ms`);
  assert.deepEqual({ clean, exitCode }, { clean: true, exitCode: 0 });
  assert.deepEqual([...statuses.keys()], [202]);
  assert.ok(more < 350, `it took ${more} MB more`);
});
