import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { floods } from './floods.js';
import { attack, isServed, startVictim } from './victim.js';

const ATTACK_MS = 1_500;

floods(ATTACK_MS);

test('idle connections from one address, more than maxConnections, lock nobody out', async (t) => {
  const victim = await startVictim(t, { receiver: { maxConnections: 100 } });
  const attacked = attack(t, 'idle', victim, ATTACK_MS);
  await sleep(ATTACK_MS / 2);
  for (let count = 0; count < 5; count++) assert.ok(await isServed(victim), 'another sender is not served');
  await attacked;
  assert.ok((await victim.land()).clean);
});
