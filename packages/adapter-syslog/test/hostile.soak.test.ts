import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { floods } from './floods.js';
import { attack, isServed, startVictim } from './victim.js';

const SOAK_MS = 60_000;

floods(6_000);

/** Milliseconds, median, that the HTTP server beside the receiver takes to answer, until `over`. */
async function latency(port: number, over: AbortSignal): Promise<number> {
  const all: number[] = [];
  while (!over.aborted) {
    const since = performance.now();
    await (await fetch(`http://127.0.0.1:${port}/`)).text();
    all.push(performance.now() - since);
    await sleep(50);
  }
  return all.toSorted((a, b) => a - b)[all.length >> 1] ?? Infinity;
}

test('all attacks at once for a minute: a satellite with a heap of 128 MB lives, and serves others', async (t) => {
  const victim = await startVictim(t, { receiver: { maxConnections: 100 } });
  const [quietMb, quietMs] = [await victim.peakMb(), await latency(victim.httpPort, AbortSignal.timeout(2_000))];
  const over = new AbortController();
  const attacks = (['tcp', 'udp', 'idle'] as const).map((how) => attack(t, how, victim, SOAK_MS));
  const measured = latency(victim.httpPort, over.signal);
  for (const end = performance.now() + SOAK_MS - 2_000; performance.now() < end; await sleep(200))
    assert.ok(await isServed(victim), 'another sender is not served');
  over.abort();
  const ms = await measured;
  await Promise.all(attacks);
  const more = (await victim.peakMb()) - quietMb;
  const { exitCode, ms: landingMs } = await victim.land();
  t.diagnostic(
    `${Math.round(more)} MB more, HTTP ${ms.toFixed(1)} ms instead of ${quietMs.toFixed(1)}, landed in ${Math.round(landingMs)} ms`,
  );
  assert.equal(exitCode, 0);
  assert.ok(more < 150, `it took ${more} MB more`);
  assert.ok(ms < 20 * quietMs + 50, `HTTP took ${ms} ms instead of ${quietMs}`);
  assert.ok(landingMs < 12_000, `it landed in ${landingMs} ms`);
});
