import assert from 'node:assert/strict';
import { SputnikError } from '@sputnikjs/core';
import { settlesWithin, within } from './in-time.js';
import { has, onStage, produceAll } from './messaging-checks.js';
import { PATIENCE_MS, type Stage } from './messaging-stage.js';
import type { MessagingFlight } from './messaging-flight.js';
import type { FullServer, MessagingTrial, TrialConnection } from './messaging-trial.js';
import type { Check } from './suite.js';

const PAYLOAD = 'x'.repeat(1_000);
/** So many more messages find no room. */
const MORE = 5;
/** So long they are watched, and so often room is made until there is enough, in milliseconds. */
const WATCH_MS = 1_000;

/** Starts the server, which ends with the test file. */
async function fullServer(stage: Stage): Promise<FullServer> {
  const full = await stage.trial.full?.();
  if (full === undefined) throw new Error('the trial has no "full"');
  return full;
}

/** Produces one after the other until one is refused; resolves with how many were taken, and the refusal. */
async function fill(
  { producer }: TrialConnection,
  target: string,
): Promise<{ readonly taken: number; readonly refusal: unknown }> {
  for (let taken = 0; ; taken++) {
    try {
      await producer.produce({ target, payload: PAYLOAD });
    } catch (refusal) {
      return { taken, refusal };
    }
  }
}

/** Produces one after the other until one waits: what a server has room for may change while nobody sends anything. */
async function fillUntilOneWaits(
  flight: MessagingFlight,
  target: string,
): Promise<{ readonly waiting: Promise<unknown> }> {
  for (;;) {
    const waiting = flight.produce(target, PAYLOAD);
    if (!(await settlesWithin(WATCH_MS, waiting))) return { waiting };
    await waiting;
  }
}

/** What becomes of messages while the server has no room for them. */
export const fullChecks: Readonly<Record<'tellsWhenFull' | 'pushesBackWhenFull', Check<MessagingTrial>>> = {
  tellsWhenFull: {
    rule: 'a server that has no room refuses messages as SERVER_FULL, one by one, and takes them when it has room again',
    skip: has('full'),
    run: onStage(async (stage) => {
      const full = await fullServer(stage);
      const { connection, connector } = await stage.connectTo(full);
      const { target, stored } = full.destination;
      const { taken, refusal } = await within(PATIENCE_MS, 'a refusal', fill(connection, target));
      assert.ok(taken > 0, 'it takes no message at all');
      assert.ok(refusal instanceof SputnikError && refusal.code === 'SERVER_FULL', `it refuses by ${String(refusal)}`);
      assert.ok(refusal.message.includes(target), `the refusal does not say of what: ${refusal.message}`);
      assert.ok(await connector.isConnected(), 'the connection is gone');
      assert.equal((await stored?.())?.length ?? taken, taken, 'the server does not hold what it acknowledged');
      await full.makeRoom();
      await produceAll(connection, full.destination, [PAYLOAD]);
    }),
  },
  pushesBackWhenFull: {
    rule: 'while the server has no room the block "producer" keeps its senders waiting, and each message arrives when there is room again',
    skip: has('full'),
    run: onStage(async (stage) => {
      const full = await fullServer(stage);
      const { target, stored } = full.destination;
      const flight = await stage.launchAt(full);
      const { waiting } = await within(PATIENCE_MS, 'a message that waits', fillUntilOneWaits(flight, target));
      const payloads = Array.from({ length: MORE }, (_, nth) => `${nth}`.padEnd(PAYLOAD.length));
      let taken = 0;
      const more = payloads.map((payload) => flight.produce(target, payload).then(() => taken++));
      const all = Promise.all([waiting, ...more]);
      const end = performance.now() + PATIENCE_MS;
      do {
        assert.ok(performance.now() < end, `${MORE - taken} messages still wait, though there is room`);
        await full.makeRoom();
      } while (!(await settlesWithin(WATCH_MS, all)));
      await all;
      const last = (await stored?.())?.slice(-MORE) ?? payloads;
      assert.deepEqual(last.toSorted(), payloads, 'what the server holds');
      const { clean } = await within(PATIENCE_MS, 'the landing', flight.land());
      assert.ok(clean, 'the landing is not clean');
    }),
  },
};
