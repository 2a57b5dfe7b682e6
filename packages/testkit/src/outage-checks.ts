import assert from 'node:assert/strict';
import { cutProxy } from './cut-proxy.js';
import { footprint, leftBehind } from './footprint.js';
import { gate, type Gate } from './gate.js';
import { within } from './in-time.js';
import { memoryInUse } from './memory.js';
import { numbered } from './messages.js';
import { needs, onStage, produceAll } from './messaging-checks.js';
import { COPIES, copyByTwo } from './messaging-copy.js';
import type { MessagingFlight } from './messaging-flight.js';
import { PATIENCE_MS, Stage, type Witness } from './messaging-stage.js';
import type { MessagingTrial, Place } from './messaging-trial.js';
import { muteServer } from './mute-server.js';
import { assertOrder, assertOrderButForGaps } from './order.js';
import type { Check, Tell } from './suite.js';

const BLAST = 100_000;
const OUTAGES = 5;
/** Messages that a blast has under way at once. */
const UNDER_WAY = 2_000;
/** What a blast may add to what is in use of the heap, and hangs on it, at any time, in bytes. */
const MAX_MEMORY = 64 * 1024 * 1024;
const LOOK_EVERY = 5_000;
/** A whole blast, with a server that takes its time to start. */
const BLAST_MS = 240_000;

/** Messages that are produced one after the other, many at once, through whatever happens to the server. */
class Blast {
  /** Whose acknowledgement has come. */
  readonly resolved: string[] = [];
  /** The most that was in use at an acknowledgement, beyond what was before, in bytes. */
  memory = 0;
  readonly #before = memoryInUse();
  readonly #flight: MessagingFlight;
  readonly #place: Place;
  readonly #count: number;
  #next = 0;
  #pause: Gate | undefined;
  #watchers: (() => void)[] = [];

  constructor(flight: MessagingFlight, place: Place, count: number) {
    this.#flight = flight;
    this.#place = place;
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
      await this.#flight.produce(this.#place.target, payload);
      this.resolved.push(payload);
      if (this.resolved.length % LOOK_EVERY === 0) this.memory = Math.max(this.memory, memoryInUse() - this.#before);
      for (const wake of this.#watchers.splice(0)) wake();
    }
  }
}

/** Has a blast go through some outages, spread over it. */
async function blast(flight: MessagingFlight, place: Place, outage: (blast: Blast) => Promise<void>): Promise<Blast> {
  const blasting = new Blast(flight, place, BLAST);
  await within(PATIENCE_MS, 'the first connection', flight.event('connected', 1));
  const running = blasting.run();
  const troubles = (async () => {
    for (let nth = 1; nth <= OUTAGES; nth++) {
      await blasting.reaches((nth * BLAST) / (OUTAGES + 1));
      await outage(blasting);
      await within(PATIENCE_MS, `connection ${nth + 1}`, flight.event('connected', nth + 1));
    }
  })();
  await within(BLAST_MS, 'the blast', Promise.all([running, troubles]));
  assert.equal(blasting.resolved.length, BLAST, 'some messages were acknowledged twice, or not at all');
  assert.ok(blasting.memory < MAX_MEMORY, `it took ${Math.round(blasting.memory / 2 ** 20)} MiB of memory`);
  return blasting;
}

/** Fails if the witness does not see everything, in order; tells how many it sees again. */
async function assertAllSeen(
  witness: Witness,
  flight: MessagingFlight,
  place: Place,
  tell: Tell,
  gaps = false,
): Promise<void> {
  const seen = await witness.seen((payload) => flight.produce(place.target, payload));
  const got = new Set(seen);
  const lost = numbered(BLAST).filter((payload) => !got.has(payload));
  assert.equal(lost.length, 0, `${lost.length} acknowledged messages are lost, the first of them ${lost[0]}`);
  if (gaps) assertOrderButForGaps(seen, BLAST, OUTAGES + 1);
  else assertOrder(seen, BLAST);
  const duplicates = seen.length - BLAST;
  assert.ok(duplicates <= OUTAGES * UNDER_WAY, `${duplicates} duplicates, more than were under way at the outages`);
  tell(`${BLAST} messages acknowledged, none of them lost, ${duplicates} duplicates`);
}

type OutageRule =
  | 'survivesKills'
  | 'bearsKills'
  | 'survivesCuts'
  | 'startsWithoutServer'
  | 'bearsMuteServer'
  | 'survivesFreeze'
  | 'isNotLetIn'
  | 'tellsWhenFull'
  | 'landsInTheMiddle'
  | 'copiesAcrossKill'
  | 'copiesAcrossLanding';

/** What becomes of messages when the server is killed, frozen, full or away. */
export const outageChecks: Readonly<Record<OutageRule, Check<MessagingTrial>>> = {
  survivesKills: {
    rule: `of ${BLAST} messages none that was acknowledged is lost when the server is killed with SIGKILL ${OUTAGES} times`,
    skip: needs('durable'),
    run: onStage(async (stage, tell) => {
      const place = await stage.place();
      const [flight, witness] = [await stage.launch(), await stage.witness(place)];
      const { server } = stage.trial;
      await blast(flight, place, async () => {
        await server.stop();
        await server.start();
      });
      await assertAllSeen(witness, flight, place, tell, stage.trial.gapsAtKill);
    }),
  },
  bearsKills: {
    rule: `when a server that keeps nothing is killed ${OUTAGES} times, a subscriber misses no more than was under way`,
    skip: ({ features }) => (features.durable ? 'it declares: durable' : undefined),
    run: onStage(async (stage, tell) => {
      const place = await stage.place();
      const [flight, witness] = [await stage.launch(), await stage.witness(place)];
      const { server } = stage.trial;
      const { resolved } = await blast(flight, place, async (blasting) => {
        blasting.pause();
        await server.stop();
        await server.start();
        await witness.watch();
        blasting.goOn();
      });
      const seen = new Set(await witness.seen((payload) => flight.produce(place.target, payload)));
      const lost = resolved.filter((payload) => !seen.has(payload)).length;
      assert.ok(lost <= OUTAGES * UNDER_WAY, `${lost} are lost, more than were under way at the kills`);
      tell(`${BLAST} messages acknowledged, ${lost} of them never seen`);
    }),
  },
  survivesCuts: {
    rule: `of ${BLAST} messages none is lost, and none out of order, when the connection is cut ${OUTAGES} times`,
    run: onStage(async (stage, tell) => {
      const place = await stage.place();
      const proxy = await cutProxy(stage.trial.server.port);
      stage.atEnd(() => proxy.close());
      const [flight, witness] = [await stage.launch(undefined, proxy.port), await stage.witness(place)];
      await blast(flight, place, async () => proxy.cut());
      await assertAllSeen(witness, flight, place, tell);
    }),
  },
  startsWithoutServer: {
    rule: 'a satellite starts without its server, says why it has none, and delivers when it comes',
    run: onStage(async (stage) => {
      const place = await stage.place();
      const { server } = stage.trial;
      await server.stop();
      const flight = await stage.launch();
      const produced = flight.produce(place.target, 'patient');
      await within(PATIENCE_MS, 'the failure of an attempt', flight.event('connectFailed', 1));
      const [failure] = flight.failures;
      assert.ok(
        failure instanceof Error && failure.message.includes(`${server.port}`),
        `the error does not say where: ${String(failure)}`,
      );
      await server.start();
      await within(PATIENCE_MS, 'the delivery', produced);
    }),
  },
  bearsMuteServer: {
    rule: 'a server that takes connections and says nothing keeps nobody: attempts end, and the satellite lands',
    async run(trial) {
      const [stage, mute, before] = [new Stage(trial), await muteServer(), await footprint()];
      try {
        const flight = await stage.launch(undefined, mute.port);
        await within(PATIENCE_MS, 'the end of an attempt', flight.event('connectFailed', 1));
        const { clean } = await within(PATIENCE_MS, 'the landing', flight.land());
        assert.ok(clean, 'the landing is not clean');
        const left = await leftBehind(before);
        assert.ok(mute.connections === 0 && left.length === 0, `after the landing there is more: ${left.join(', ')}`);
      } finally {
        await stage.end();
        await mute.close();
      }
    },
  },
  survivesFreeze: {
    rule: 'a frozen server is noticed by the heartbeat; when it goes on, nothing is lost',
    run: onStage(async (stage) => {
      const place = await stage.place();
      const [flight, witness] = [await stage.launch(), await stage.witness(place)];
      await within(PATIENCE_MS, 'the first connection', flight.event('connected', 1));
      await flight.produce(place.target, '0');
      await stage.trial.server.freeze();
      const rest = Promise.all(
        numbered(500)
          .slice(1)
          .map((payload) => flight.produce(place.target, payload)),
      );
      await within(PATIENCE_MS, 'the report of the loss', flight.event('disconnected', 1));
      await stage.trial.server.thaw();
      await within(PATIENCE_MS, 'the delivery', rest);
      const seen = await witness.seen((payload) => flight.produce(place.target, payload));
      assert.deepEqual([...new Set(seen)], numbered(500));
    }),
  },
  isNotLetIn: {
    rule: 'wrong credentials make an attempt fail at once, with an error that speaks of them',
    skip: (trial) => (trial.makeUnwelcome ? undefined : 'the trial has no "makeUnwelcome"'),
    run: onStage(async (stage) => {
      const connector = stage.trial.makeUnwelcome?.(stage.trial.server.port);
      const before = await footprint();
      await assert.rejects(stage.connect(connector), /password|credential|token|user/i);
      await connector?.disconnect();
      const left = await leftBehind(before);
      assert.ok(left.length === 0, `after the attempt there is more than before: ${left.join(', ')}`);
    }),
  },
  tellsWhenFull: {
    rule: 'a server that has no room refuses messages, one by one, and takes them when it has room again',
    skip: (trial) => (trial.full ? undefined : 'the trial has no "full"'),
    run: onStage(async (stage) => {
      const full = await stage.trial.full?.();
      if (full === undefined) return;
      stage.atEnd(() => full.connector.disconnect());
      const { connection, connector } = await stage.connect(full.connector);
      const { target, stored } = full.place;
      const payload = 'x'.repeat(1_000);
      let taken = 0;
      const refusal = await within(
        PATIENCE_MS,
        'a refusal',
        (async (): Promise<unknown> => {
          for (;;) {
            try {
              await connection.producer.produce({ target, payload });
              taken++;
            } catch (error) {
              return error;
            }
          }
        })(),
      );
      assert.ok(taken > 0, 'it takes no message at all');
      assert.ok(refusal instanceof Error);
      assert.notEqual((refusal as { readonly code?: unknown }).code, 'CONNECTION_LOST', refusal.message);
      assert.ok(await connector.isConnected(), 'the connection is gone');
      assert.equal((await stored?.())?.length ?? taken, taken, 'the server does not hold what it acknowledged');
      await full.makeRoom();
      await produceAll(connection, full.place, [payload]);
    }),
  },
  landsInTheMiddle: {
    rule: 'a landing in the middle of a blast delivers all that was accepted, and the report says so',
    run: onStage(async (stage) => {
      const place = await stage.place();
      const [flight, witness] = [await stage.launch(), await stage.witness(place)];
      await within(PATIENCE_MS, 'the first connection', flight.event('connected', 1));
      const resolved: string[] = [];
      const middle = gate();
      let refused = 0;
      const settled = numbered(20_000).map(async (payload) => {
        try {
          await flight.produce(place.target, payload);
        } catch {
          return void refused++;
        }
        if (resolved.push(payload) === 1_000) middle.open();
      });
      await within(PATIENCE_MS, 'the middle', middle.passed);
      const report = await within(PATIENCE_MS, 'the landing', flight.land());
      await Promise.all(settled);
      assert.deepEqual([report.clean, report.dropped, report.failures], [true, [], []]);
      assert.equal(resolved.length + refused, 20_000);
      const { connection } = await stage.connect();
      const seen = await witness.seen((payload) => connection.producer.produce({ target: place.target, payload }));
      assert.deepEqual(seen, resolved, 'what was acknowledged is not what is there');
    }),
  },
  copiesAcrossKill: {
    rule: 'a satellite that copies messages loses none, though the server is killed and it lands in the middle thereafter',
    skip: needs('consumer', 'keeps', 'durable'),
    run: onStage(async (stage, tell) => {
      const { server } = stage.trial;
      const copies = await copyByTwo(stage, async (first, witness) => {
        await server.stop();
        await server.start();
        await witness.watch();
        await within(PATIENCE_MS, 'connection 2', first.event('connected', 2));
      });
      assert.deepEqual(new Set(copies), new Set(numbered(COPIES)));
      tell(`${COPIES} messages copied, ${copies.length - COPIES} of them twice`);
    }),
  },
  copiesAcrossLanding: {
    rule: 'a satellite that copies messages and lands in the middle leaves the rest to the next one: each is copied once',
    skip: needs('consumer', 'keeps'),
    run: onStage(async (stage) => {
      const copies = await copyByTwo(stage);
      assert.deepEqual(
        copies.toSorted((a, b) => Number(a) - Number(b)),
        numbered(COPIES),
      );
    }),
  },
};
