import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineBlock, type AnyBlock, type BlockCommunicator, type BlockFactory } from '@sputnikjs/core';
import type { NestedEntry, SidecarEntry } from '@sputnikjs/sidecar';
import { manualClock, randomFrom, turn, type ManualClock } from '@sputnikjs/testkit';
import { Nest } from './nested-helpers.js';

const NESTS = Number(process.env['NESTS'] ?? Number(process.env['FLIGHTS'] ?? 1_000) / 50);
const SEED = Number(process.env['NEST_SEED'] ?? 23);

/** What a block has seen of a sender: the numbers of its messages, as they were handled. */
type Seen = Map<string, number[]>;

/** Satellites inside satellites, at random: what they do, and what they have seen. */
class World {
  readonly random: () => number;
  readonly clock: ManualClock = manualClock();
  /** By receiver, then by sender. */
  readonly seen = new Map<string, Seen>();
  readonly handles = new Map<string, BlockCommunicator>();
  readonly addresses: string[] = [];
  readonly alive = new Map<string, number>();
  readonly wrong: string[] = [];
  asked = 0;
  settled = 0;
  accepted = 0;
  readonly #next = new Map<string, number>();

  constructor(seed: number) {
    this.random = randomFrom(seed);
  }

  chance(share: number): boolean {
    return this.random() < share;
  }

  pick<T>(all: readonly T[]): T {
    return all[Math.floor(this.random() * all.length)] as T;
  }

  /** A block that handles at once, later, or not at all, and may fail in its run. */
  factory(name: string): BlockFactory {
    return defineBlock({
      name,
      make: (_config, _to, { descriptor }): Partial<AnyBlock> => {
        const own = descriptor.name;
        return {
          mailbox: { capacity: 4 },
          init: () => {
            this.alive.set(own, (this.alive.get(own) ?? 0) + 1);
            if (this.chance(0.02)) {
              this.alive.set(own, (this.alive.get(own) ?? 0) - 1);
              throw new Error(`init of ${own}`);
            }
          },
          finish: () => void this.alive.set(own, (this.alive.get(own) ?? 0) - 1),
          run: (self) => void this.handles.set(own, self),
          onMsg: async (msg: { readonly n: number; readonly of: string; readonly fails: boolean }) => {
            if (this.chance(0.3)) await this.clock.sleep(5);
            if (msg.fails) throw new Error('a message that fails');
            this.#note(own, msg.of, msg.n);
            return msg.n;
          },
        };
      },
    });
  }

  #note(own: string, of: string, n: number): void {
    const seen = this.seen.get(own) ?? new Map<string, number[]>();
    const numbers = seen.get(of) ?? [];
    if ((numbers.at(-1) ?? -1) >= n) this.wrong.push(`${own} got ${n} of ${of} after ${numbers.at(-1)}`);
    this.seen.set(own, seen.set(of, [...numbers, n]));
  }

  /** Has a block send something to another. */
  act(): void {
    const [from, to] = [this.pick([...this.handles.keys()]), this.pick(this.addresses)];
    const self = this.handles.get(from);
    const on = self?.communicator(to);
    if (on === undefined) return;
    const key = `${from} ${to.split('/').at(-1)}`;
    const n = this.#next.get(key) ?? 0;
    this.#next.set(key, n + 1);
    const msg = { n, of: from, fails: this.chance(0.01) };
    const how = this.pick(['send', 'send', 'post', 'ask'] as const);
    if (how === 'send') {
      if (on.send(msg)) this.accepted++;
      return;
    }
    this.asked++;
    const answer = how === 'post' ? on.post(msg) : on.ask(msg, { timeoutMs: 60_000 });
    void answer
      .then((value) => void (how === 'post' && value === true && this.accepted++))
      .catch(() => {})
      .finally(() => void this.settled++);
  }
}

/** A satellite at random: blocks, and satellites inside to a depth of three. */
function listOf(world: World, path: string, factories: Record<string, BlockFactory>): (SidecarEntry | NestedEntry)[] {
  const depth = path === '' ? 0 : path.split('/').length;
  const count = 1 + Math.floor(world.random() * 3);
  return Array.from({ length: count }, (_, index): SidecarEntry | NestedEntry => {
    const name = `${path === '' ? 't' : path.replaceAll('/', '')}${index}`;
    const address = path === '' ? name : `${path}/${name}`;
    if (depth < 3 && world.chance(depth === 0 && index === 0 ? 1 : 0.35)) {
      const blocks = listOf(world, address, factories);
      return { satellite: { name, blocks }, ...(world.chance(0.7) && { restart: { most: 3, withinMs: 5_000 } }) };
    }
    factories[name] = world.factory(name);
    world.addresses.push(address);
    return { name };
  });
}

const settle = async (): Promise<void> => {
  for (let i = 0; i < 8; i++) await turn();
};

async function flyAtRandom(seed: number): Promise<{ restarts: number; failed: boolean }> {
  const world = new World(seed);
  // delays before a restart are random, too
  Math.random = world.random;
  const blockFactories: Record<string, BlockFactory> = {};
  const blocks = listOf(world, '', blockFactories);
  const nest = await Nest.assemble({ blocks, blockFactories, clock: world.clock });
  let failed = false;
  const launched = nest.whole
    .boot()
    .then(() => nest.whole.launch())
    .catch(() => void (failed = true));
  await settle();
  for (let step = 0; step < 30 && nest.whole.status().state !== 'landed'; step++) {
    if (world.handles.size > 0) for (let i = 0; i < 6; i++) world.act();
    await settle();
    if (world.chance(0.5)) await world.clock.advance(world.pick([5, 60, 400]));
  }
  const over = { isOver: false };
  const landing = nest.whole.shootDown('the end').finally(() => (over.isOver = true));
  for (let step = 0; step < 500 && !(over.isOver && world.settled === world.asked); step++) {
    await settle();
    await world.clock.advance(200);
  }
  const report = await landing;
  await launched;
  const statuses = nest.whole.status().blocks;
  for (const { responsibility, accepted, handled, failed: lost, dropped, depth } of statuses)
    assert.equal(accepted, handled + lost + dropped + depth, `${responsibility} has lost count`);
  const counted = statuses.reduce((sum, { dropped }) => sum + dropped, 0);
  const told = report.dropped.reduce((sum, { count }) => sum + count, 0);
  assert.equal(told, counted, 'the report has all that was dropped');
  assert.deepEqual(world.wrong, [], 'order is kept, and nothing comes twice');
  assert.equal(world.settled, world.asked, 'whoever waits gets an answer');
  for (const [block, alive] of world.alive) assert.equal(alive, 0, `${block} is finished as often as initialised`);
  const lost = statuses.some((block) => block.dropped > 0);
  if (lost || report.unfinished.length > 0) assert.equal(report.clean, false);
  return { restarts: nest.whole.nested().reduce((sum, { restarted }) => sum + restarted, 0), failed };
}

test(`${NESTS} satellites inside satellites, made and used at random, lose nothing that no report tells (seed ${SEED})`, async () => {
  let [restarts, flown] = [0, 0];
  for (let nth = 0; nth < NESTS; nth++) {
    const { random } = Math;
    try {
      const result = await flyAtRandom(SEED + nth);
      restarts += result.restarts;
      if (!result.failed) flown++;
    } catch (error) {
      throw new Error(`NESTS=1 NEST_SEED=${SEED + nth}: ${String(error)}`, { cause: error });
    } finally {
      Math.random = random;
    }
  }
  if (NESTS >= 100)
    assert.ok(restarts > NESTS / 10 && flown > NESTS / 10, `${restarts} restarts, ${flown} landed in order`);
});
