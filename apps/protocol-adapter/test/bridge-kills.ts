import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Way } from './bridge-ways.js';
import { Satellite } from './support.js';

const LOOK_MS = 20;

/** How many messages go over the bridge, and how often each is killed meanwhile. */
export interface Trial {
  readonly messages: number;
  readonly rounds: number;
  /** Bounds what is under way, so that a kill finds something that is. */
  readonly underWay: number;
}

/** What has come, beside what was sent. */
export interface Outcome {
  readonly duplicates: number;
  /** Messages that came behind one that was sent after them. */
  readonly late: number;
}

/**
 * Has numbered messages go over a bridge, and kills the server that they come from, if it keeps them, the one that they go to, and the satellite in
 * turn. All must be there then.
 */
export async function killAround(
  t: TestContext,
  make: (t: TestContext, underWay: number) => Promise<Way>,
  { messages, rounds, underWay }: Trial,
): Promise<Outcome> {
  const { source, target, cf, env } = await make(t, underWay);
  const fly = (): Satellite => new Satellite(t, cf, { ...env, SPUTNIK_ADMIN_PORT: '0' });
  let satellite = fly();
  const filled = source.fill(messages);
  const kills = [
    async () => {
      await target.server.stop();
      await target.server.start();
    },
    async () => {
      satellite.process.kill('SIGKILL');
      await satellite.ended;
      satellite = fly();
    },
  ];
  if (source.keeps)
    kills.push(async () => {
      await filled;
      await source.server.stop();
      await source.server.start();
    });
  const reach = async (count: number): Promise<number> => {
    for (let there; ; await sleep(LOOK_MS)) if ((there = await target.count()) >= count) return there;
  };
  const found: number[] = [];
  for (let n = 0; n < rounds * kills.length; n++) {
    const there = await reach(Math.floor((messages * (n + 1)) / (rounds * kills.length + 1)));
    assert.ok(there < messages, `all had come before kill ${n + 1}`);
    found.push(there);
    await kills[n % kills.length]?.();
  }
  await filled;
  await reach(messages);
  await source.drained();
  satellite.process.kill('SIGTERM');
  assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
  const arrived = (await target.all()).map(Number).filter((n) => n > 0);
  const distinct = [...new Set(arrived)];
  const there = new Set(arrived);
  const missing = Array.from({ length: messages }, (_, i) => i + 1).filter((n) => !there.has(n));
  assert.deepEqual([missing, distinct.length], [[], messages]);
  let [last, late] = [0, 0];
  for (const n of distinct) {
    if (n < last) late++;
    last = Math.max(last, n);
  }
  const duplicates = arrived.length - distinct.length;
  const kept = `none missing, ${duplicates} twice, ${late} late`;
  t.diagnostic(`${messages} messages, ${found.length} kills at ${found.join(', ')}: ${kept}`);
  return { duplicates, late };
}
