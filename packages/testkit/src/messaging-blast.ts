import assert from 'node:assert/strict';
import { gate, type Gate } from './gate.js';
import { within } from './in-time.js';
import { memoryInUse } from './memory.js';
import { numbered } from './messages.js';
import type { MessagingFlight } from './messaging-flight.js';
import { PATIENCE_MS, type Witness } from './messaging-stage.js';
import type { Destination } from './messaging-trial.js';
import { assertOrder, assertOrderButForGaps } from './order.js';
import type { Tell } from './suite.js';

/** Number of messages, and of outages spread over them. */
export interface BlastSize {
  readonly messages: number;
  readonly outages: number;
}

/** For each run of the tests. */
export const SHORT_BLAST: BlastSize = { messages: 6_000, outages: 1 };
/** For trials that may take minutes. */
export const LONG_BLAST: BlastSize = { messages: 100_000, outages: 5 };

/** Messages that a blast has under way at once. */
export const UNDER_WAY = 2_000;
/** What a blast may add to what is in use of the heap, and hangs on it, at any time, in bytes. */
const MAX_MEMORY = 64 * 1024 * 1024;
const LOOK_EVERY = 5_000;
/** A whole blast, with a server that takes its time to start. */
const BLAST_MS = 240_000;

/** Messages that are produced one after the other, many at once, through whatever happens to the server. */
export class Blast {
  /** Whose acknowledgement has come. */
  readonly resolved: string[] = [];
  /** The most that was in use at an acknowledgement, beyond what was before, in bytes. */
  memory = 0;
  readonly #before = memoryInUse();
  readonly #flight: MessagingFlight;
  readonly #destination: Destination;
  readonly #count: number;
  #next = 0;
  #pause: Gate | undefined;
  #watchers: (() => void)[] = [];

  constructor(flight: MessagingFlight, destination: Destination, count: number) {
    this.#flight = flight;
    this.#destination = destination;
    this.#count = count;
  }

  /** Resolves when each message has settled; rejects as the first that is refused. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: UNDER_WAY }, () => this.#produce()));
  }

  /** Begins no further message; undone by {@link goOn}. */
  pause(): void {
    this.#pause ??= gate();
  }

  goOn(): void {
    this.#pause?.open();
    this.#pause = undefined;
  }

  /** Resolves when so many are acknowledged. */
  reaches(count: number): Promise<void> {
    const reached = (async () => {
      while (this.resolved.length < count) await new Promise<void>((resolve) => this.#watchers.push(resolve));
    })();
    return within(BLAST_MS, `the acknowledgement of ${count} messages`, reached);
  }

  async #produce(): Promise<void> {
    for (;;) {
      await this.#pause?.passed;
      if (this.#next === this.#count) return;
      const payload = `${this.#next++}`;
      await this.#flight.produce(this.#destination.target, payload);
      this.resolved.push(payload);
      if (this.resolved.length % LOOK_EVERY === 0) this.memory = Math.max(this.memory, memoryInUse() - this.#before);
      for (const wake of this.#watchers.splice(0)) wake();
    }
  }
}

/** Has a blast go through some outages, spread over it. */
export async function blast(
  flight: MessagingFlight,
  destination: Destination,
  { messages, outages }: BlastSize,
  outage: (blast: Blast) => Promise<void>,
): Promise<Blast> {
  const blasting = new Blast(flight, destination, messages);
  await within(PATIENCE_MS, 'the first connection', flight.event('connected', 1));
  const running = blasting.run();
  const troubles = (async () => {
    for (let nth = 1; nth <= outages; nth++) {
      await blasting.reaches((nth * messages) / (outages + 1));
      await outage(blasting);
      await within(PATIENCE_MS, `connection ${nth + 1}`, flight.event('connected', nth + 1));
    }
  })();
  await within(BLAST_MS, 'the blast', Promise.all([running, troubles]));
  assert.ok(blasting.memory < MAX_MEMORY, `it took ${Math.round(blasting.memory / 2 ** 20)} MiB of memory`);
  return blasting;
}

/** Fails if the witness does not see everything, in order; tells how many it sees again. */
export async function assertAllSeen(
  witness: Witness,
  flight: MessagingFlight,
  destination: Destination,
  { messages, outages }: BlastSize,
  tell: Tell,
  gaps = false,
): Promise<void> {
  const seen = await witness.seen((payload) => flight.produce(destination.target, payload));
  const got = new Set(seen);
  const lost = numbered(messages).filter((payload) => !got.has(payload));
  assert.equal(lost.length, 0, `${lost.length} acknowledged messages are lost, the first of them ${lost[0]}`);
  if (gaps) assertOrderButForGaps(seen, messages, outages + 1);
  else assertOrder(seen, messages);
  const duplicates = seen.length - messages;
  assert.ok(duplicates <= outages * UNDER_WAY, `${duplicates} duplicates, more than were under way at the outages`);
  tell(`${messages} messages acknowledged, none of them lost, ${duplicates} duplicates`);
}
