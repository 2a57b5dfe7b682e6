import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, post, Wire } from './clients.js';
import { openMany, startVictim, type Victim } from './victim.js';

/** What the attack of a megabyte or so may cost a satellite, in MB: no more than its heap has, garbage and all. Without bounds it died. */
const MOST_MB = 128;

/** Connections that send all that and read none of the answers. */
function unread(port: number, count: number, text: string): Promise<Wire[]> {
  return openMany(count, () => {
    const wire = new Wire(port).send(text);
    wire.socket.pause();
    return wire;
  });
}

/** Others are served meanwhile, memory stays, and the landing is clean. */
async function assertUnharmed(victim: Victim, quietMb: number, headers = {}): Promise<void> {
  for (let count = 0; count < 5; count++) {
    const { status } = await post(`${victim.url}/produce/good`, 'x', headers);
    assert.equal(status, 202);
    await sleep(200);
  }
  const more = (await victim.peakMb()) - quietMb;
  assert.ok(more < MOST_MB, `it took ${more} MB more`);
  const { clean, exitCode } = await victim.land();
  assert.deepEqual({ clean, exitCode }, { clean: true, exitCode: 0 });
}

const pipelined = (request: string, times = 2_000): string => request.repeat(times);

function tokenFile(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'http-hostile-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'token');
  writeFileSync(file, 'right');
  return file;
}

describe('a client that asks for much and reads nothing, beside a heap of 128 MB', () => {
  test('gets no further than a few answers: the same document thousands of times', async (t) => {
    const victim = await startVictim(t);
    const quiet = await victim.peakMb();
    await unread(victim.port, 20, pipelined('GET /openapi.json HTTP/1.1\r\nhost: a\r\n\r\n'));
    await assertUnharmed(victim, quiet);
  });

  test('keeps nobody else waiting: hundreds that have no token, with hundreds of requests each', async (t) => {
    const tokens = [{ name: 'a', file: tokenFile(t), targets: ['*'] }];
    const victim = await startVictim(t, { config: { tokens } });
    const quiet = await victim.peakMb();
    const request = 'POST /produce/a HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\nx';
    await unread(victim.port, 500, pipelined(request, 300));
    await assertUnharmed(victim, quiet, { authorization: 'Bearer right' });
  });

  test('cannot have short batches make long answers without end', async (t) => {
    const victim = await startVictim(t);
    const quiet = await victim.peakMb();
    const lines = 'x\n'.repeat(9_999);
    const head = `POST /produce/a/batch HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-ndjson\r\ncontent-length: ${lines.length}\r\n\r\n`;
    await unread(victim.port, 20, pipelined(head + lines, 20));
    await assertUnharmed(victim, quiet);
  });

  test('is cut when it has taken nothing for a while, and does not keep a landing', async (t) => {
    const victim = await startVictim(t);
    const request = 'GET /openapi.json HTTP/1.1\r\nhost: a\r\n\r\n';
    const [cut, late] = await unread(victim.port, 2, pipelined(request, 500));
    assert.ok(cut && late);
    // Who does not read sees the end of the connection only where it writes.
    while (!cut.socket.destroyed) {
      cut.socket.write('G');
      await sleep(100);
    }
    await unread(victim.port, 5, pipelined(request, 500));
    assert.equal((await post(`${victim.url}/produce/good`)).status, 202);
    const { clean, exitCode, ms } = await victim.land();
    assert.deepEqual({ clean, exitCode }, { clean: true, exitCode: 0 });
    assert.ok(ms < 15_000, `it took ${ms} ms`);
  });
});

describe('bodies of which the last byte never comes', () => {
  const almost = `POST /produce/a HTTP/1.1\r\nhost: a\r\ncontent-length: ${1024 * 1024}\r\n\r\n${'x'.repeat(1024 * 1024 - 1)}`;

  test('give way to those of others at once, and to those of the same client when they do not come on', async (t) => {
    const victim = await startVictim(t);
    const quiet = await victim.peakMb();
    const bodies = await openMany(64, () => new Wire(victim.port, false, '127.0.0.2').send(almost));
    while (bodies.some(({ socket }) => socket.writableLength > 0)) await sleep(20);
    const big = 'y'.repeat(500_000);
    assert.equal((await post(`${victim.url}/produce/good`, big)).status, 202);
    const own = await openMany(64, () => new Wire(victim.port).send(almost));
    while (own.some(({ socket }) => socket.writableLength > 0)) await sleep(20);
    let refusals = 0;
    while ((await post(`${victim.url}/produce/good`, big)).status !== 202) {
      assert.ok(++refusals < 50);
      await sleep(100);
    }
    const more = (await victim.peakMb()) - quiet;
    assert.ok(more < 2 * 64 + 60, `it took ${more} MB more`);
    const { clean } = await victim.land();
    assert.equal(clean, true);
  });
});

describe('bodies in chunks of a byte', () => {
  test('take no more memory than others of their size', async (t) => {
    const victim = await startVictim(t);
    const quiet = await victim.peakMb();
    const head = 'POST /produce/a HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n';
    const wires = await openMany(4, () => new Wire(victim.port).send(head + '1\r\nx\r\n'.repeat(500_000)));
    while (wires.some(({ socket }) => socket.writableLength > 0)) await sleep(20);
    await assertUnharmed(victim, quiet);
  });
});

describe('a server that takes nothing', () => {
  test('has no more bodies held than maxHeldBytes, however many clients were answered meanwhile', async (t) => {
    const config = { timeoutMs: 100, maxHeldBytes: 32 * 1024 * 1024 };
    const victim = await startVictim(t, { config, producer: 'hold' });
    const quiet = await victim.peakMb();
    const codes: unknown[] = [];
    const body = Buffer.alloc(1024 * 1024);
    for (let count = 0; count < 200; count++) codes.push(codeOf(await post(`${victim.url}/produce/a`, body)));
    assert.equal(codes.filter((code) => code === 'OUTCOME_UNKNOWN').length, 32);
    assert.equal(codes.filter((code) => code === 'FULL').length, 168);
    const more = (await victim.peakMb()) - quiet;
    assert.ok(more < 3 * 32, `it took ${more} MB more`);
  });
});
