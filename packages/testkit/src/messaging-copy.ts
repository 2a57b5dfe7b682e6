import assert from 'node:assert/strict';
import { setTimeout as realTime } from 'node:timers/promises';
import { Collector } from './collector.js';
import { gate } from './gate.js';
import { within } from './in-time.js';
import { produceAll } from './messaging-checks.js';
import type { MessagingFlight } from './messaging-flight.js';
import { PATIENCE_MS, type Stage, type Witness } from './messaging-stage.js';
import type { Destination } from './messaging-trial.js';
import { numbered } from './messages.js';

/** So many messages are copied. */
export const COPIES = 2_000;
const UNDER_WAY = 64;
const LOOK_MS = 20;

/**
 * Has a satellite copy messages from one destination to another, lands it in the middle, with some copied and not yet acknowledged, and has
 * another copy the rest. Resolves with what is there then, in the order of the server. `midway` is called when a quarter is copied.
 */
export async function copyByTwo(
  stage: Stage,
  midway: (first: MessagingFlight, witness: Witness) => Promise<void> = async () => {},
): Promise<readonly string[]> {
  const [original, copy] = [await stage.destination(), await stage.destination()];
  const witness = await stage.witness(copy);
  const { connection } = await stage.connect();
  await produceAll(connection, original, numbered(COPIES));

  const [copied, held, landing] = [new Collector<string>(), new Collector<string>(), gate()];
  const known = new Set<string>();
  const copying = {
    source: original.source,
    target: copy.target,
    maxUnacknowledged: UNDER_WAY,
    async copied(payload: string): Promise<void> {
      if (!known.has(payload)) copied.add(payload);
      known.add(payload);
      if (known.size <= COPIES / 2) return;
      held.add(payload);
      await landing.passed;
    },
  };
  const reach = (count: number): Promise<void> => within(PATIENCE_MS, `the copy of ${count}`, copied.reaches(count));

  const first = await stage.launch(copying);
  await reach(COPIES / 4);
  await midway(first, witness);
  await within(PATIENCE_MS, 'the middle', held.reaches(UNDER_WAY / 2));
  const landed = landCleanly(first);
  setImmediate(landing.open);
  await landed;
  assert.ok(known.size < COPIES, 'it has landed at the end, not in the middle');
  const second = await stage.launch(copying);
  await reach(COPIES);
  await untilHandled(original);
  await landCleanly(second);
  assert.equal((await original.unhandled?.()) ?? 0, 0, 'what was copied is not acknowledged');
  const last = await stage.connect();
  return witness.seen((payload) => last.connection.producer.produce({ target: copy.target, payload }));
}

async function landCleanly(flight: MessagingFlight): Promise<void> {
  const { clean, dropped, failures } = await within(PATIENCE_MS, 'the landing', flight.land());
  assert.deepEqual([clean, dropped, failures], [true, [], []]);
}

/** Resolves when nothing is left there. What was under way when the connection was lost may come again long after. */
export async function untilHandled({ unhandled }: Destination): Promise<void> {
  if (unhandled === undefined) return;
  const end = performance.now() + PATIENCE_MS;
  for (let count; (count = await unhandled()) > 0; await realTime(LOOK_MS))
    assert.ok(performance.now() < end, `${count} messages are still not handled`);
}
