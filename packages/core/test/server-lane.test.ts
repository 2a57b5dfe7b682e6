import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServerLane } from '../dist/block/server-lane.js';
import { type Gate, gate, randomFrom, turn } from '@sputnikjs/testkit';

interface Bench {
  readonly lane: ServerLane;
  /** Connection values told, and 0 for each disconnect. */
  readonly told: number[];
  /** Lets the call under way, if any, return. */
  readonly release: () => void;
}

function bench(): Bench {
  const told: number[] = [];
  let current: Gate | undefined;
  const lane = new ServerLane((link) => {
    assert.equal(current, undefined, 'one at a time');
    told.push(link ? (link.connection as number) : 0);
    current = gate();
    return current.passed;
  });
  const release = (): void => {
    const last = current;
    current = undefined;
    last?.open();
  };
  return { lane, told, release };
}

/** Sixty random steps: connects, disconnects, returns of the block, turns of the loop. */
async function check(seed: number): Promise<void> {
  const random = randomFrom(seed);
  const { lane, told, release } = bench();
  let connection = 0;
  let connected = false;
  const opensAt = Math.floor(random() * 10);
  for (let step = 0; step < 60; step++) {
    if (step === opensAt) lane.open();
    const dice = random();
    if (dice < 0.4) release();
    else if (dice < 0.6) await turn();
    else if (connected) lane.set(undefined);
    else lane.set({ connection: ++connection });
    if (dice >= 0.6) connected = !connected;
  }
  for (let i = 0; i < 4; i++) {
    release();
    await turn();
  }
  const history = `seed ${seed}: ${told.join()}`;
  const connects = told.filter((_, i) => i % 2 === 0);
  const disconnects = told.filter((_, i) => i % 2 === 1);
  assert.ok(
    connects.every((value) => value > 0) && disconnects.every((value) => value === 0),
    `alternating, ${history}`,
  );
  assert.deepEqual(
    connects,
    [...new Set(connects)].toSorted((a, b) => a - b),
    `never an old one again, ${history}`,
  );
  assert.equal(told.length % 2 === 1, connected, `in the end the block knows the present state, ${history}`);
  if (connected) assert.equal(told.at(-1), connection, `and the present connection, ${history}`);
}

test('S4: whatever the interleaving, connect and disconnect alternate and no pair is split (hazards 20 and 21)', async () => {
  for (let seed = 1; seed <= 500; seed++) await check(seed);
});

test('S4: an outage that is over before the block was told of its beginning is told as disconnect and connect', async () => {
  const { lane, told, release } = bench();
  lane.open();
  lane.set({ connection: 1 });
  lane.set(undefined);
  lane.set({ connection: 2 });
  assert.deepEqual(told, [1]);
  release();
  await turn();
  release();
  await turn();
  assert.deepEqual(told, [1, 0, 2]);
});

test('F2: before it is open a lane tells nothing, then the present state only', async () => {
  const { lane, told } = bench();
  lane.set({ connection: 1 });
  lane.set(undefined);
  lane.set({ connection: 2 });
  await turn();
  assert.deepEqual(told, []);
  lane.open();
  await turn();
  assert.deepEqual(told, [2]);
});

test('L5: a closed lane tells nothing more, whatever was waiting and whatever comes (hazard 24)', async () => {
  const { lane, told, release } = bench();
  lane.open();
  lane.set({ connection: 1 });
  lane.set(undefined);
  lane.close();
  lane.set({ connection: 2 });
  release();
  await turn();
  lane.set(undefined);
  lane.set({ connection: 3 });
  await turn();
  assert.deepEqual(told, [1]);
});
