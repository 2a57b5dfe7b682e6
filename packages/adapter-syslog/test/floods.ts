import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attack, isServed, startVictim } from './victim.js';

/**
 * What an attack may cost a satellite with a heap of 128 MB, in MB: that heap, garbage and all, and octets beside it: 32 in the producer, 8
 * kept. Without bounds it died.
 */
const MOST_MB = 170;

/** Registers a test for each way to flood a satellite, and each state of its server. */
export function floods(ms: number): void {
  for (const how of ['tcp', 'udp'] as const) {
    for (const [server, state] of [
      ['take', 'there'],
      ['hold', 'there, and acknowledges nothing'],
      ['away', 'away'],
    ] as const) {
      test(`frames of 47 kB that are all structured data, by ${how}, take a bounded part of the memory while the server is ${state}`, async (t) => {
        const victim = await startVictim(t, { server });
        const quiet = await victim.peakMb();
        const attacked = attack(t, how, victim, ms);
        if (server === 'take') assert.ok(await isServed(victim), 'another sender is not served');
        await attacked;
        assert.ok(victim.isAlive(), 'it has died');
        const more = (await victim.peakMb()) - quiet;
        t.diagnostic(`${Math.round(more)} MB more`);
        assert.ok(more < MOST_MB, `it took ${more} MB more`);
        const { exitCode } = await victim.land();
        assert.equal(exitCode, 0);
      });
    }
  }
}
