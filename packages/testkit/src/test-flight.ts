import type {
  BlockCommunicator,
  BlockMetrics,
  Clean,
  Flight,
  FlightStatus,
  LandingReport,
  Msg,
  Responsibility,
} from '@sputnikjs/core';
import type { FlightRecorder } from './flight-recorder.js';
import { FlightServer } from './flight-server.js';
import { turn, type ManualClock } from './manual-clock.js';
import { inRealTime } from './real-time.js';
import { Rig, type TestFlightOptions } from './rig.js';
import { testRunner, type AtEnd } from './runner.js';

/**
 * Prepares and launches a satellite on a clock that the test moves, with a server if there is a `connection`. Resolves when everything has happened
 * that follows from the launch at once; rejects as `prepare` does (BAD_SETUP, INIT_FAILED). The clock runs by itself while the flight
 * prepares and lands. The end of the test lands the flight. If a block failed, and the test did not read the report, the test fails. Throws if
 * it cannot see the end of the test: see the option `after`.
 *
 * @example
 * import assert from 'node:assert/strict';
 * import { test } from 'node:test';
 * import { defineBlock } from '@sputnikjs/core';
 * import { testFlight } from '@sputnikjs/testkit';
 * const adder = defineBlock({ name: 'adder', make: () => ({ onMsg: ({ a, b }: { a: number; b: number }) => a + b }) });
 * test('it adds', async () => {
 *   const flight = await testFlight({ blocks: { adder } });
 *   assert.equal(await flight.to('adder').ask({ a: 2, b: 3 }), 5);
 *   assert.ok((await flight.land()).clean);
 * });
 */
export async function testFlight<C = unknown>(options: TestFlightOptions<C>): Promise<TestFlight> {
  const { after = testRunner().afterTest } = options;
  const rig = new Rig(options);
  return TestFlight.launch(rig, await rig.prepare(), after);
}

/** What is left to do with a rig, whatever its connections are. */
type Rigged = Pick<Rig<unknown>, 'clock' | 'recorder' | 'server' | 'self'>;

/** A satellite in flight, under the control of a test. */
export class TestFlight {
  readonly clock: ManualClock;
  readonly recorder: FlightRecorder;
  readonly #rig: Rigged;
  readonly #flight: Flight;
  readonly #server: FlightServer | undefined;
  #isReported = false;

  /** Of what was prepared. */
  static async launch(rig: Rigged, flight: Flight, after: AtEnd): Promise<TestFlight> {
    const launched = new TestFlight(rig, flight);
    // It keeps the process alive until it has landed (F5): when a test fails, too.
    after(() => launched.#end());
    // The report has it.
    flight.launch().catch(() => {});
    await turn();
    return launched;
  }

  private constructor(rig: Rigged, flight: Flight) {
    this.#rig = rig;
    this.#flight = flight;
    this.clock = rig.clock;
    this.recorder = rig.recorder;
    this.#server = rig.server && new FlightServer(rig.server, rig.clock);
  }

  /** The server. Throws if there is none. */
  get server(): FlightServer {
    if (this.#server) return this.#server;
    throw new Error('this flight has no server; give testFlight a connection');
  }

  /** Returns the test's own handle on a block, typed by its responsibility. Throws if there is no such block. */
  to<M extends Clean<M> = Msg, A = unknown>(responsibility: Responsibility<M, A>): BlockCommunicator<M, A> {
    const handle = this.#rig.self.communicator(responsibility);
    if (handle) return handle;
    const there = this.status().blocks.map((block) => block.responsibility);
    throw new Error(`no block has the responsibility "${responsibility}"; there are: ${there.join(', ')}`);
  }

  /** Returns the current status of the flight. */
  status(): FlightStatus {
    return this.#flight.status();
  }

  /** Returns what blocks measure themselves, now (F6). */
  metrics(): readonly BlockMetrics[] {
    return this.#flight.metrics();
  }

  /** Lands the flight, or waits until it has landed by itself. The clock runs meanwhile. */
  land(): Promise<LandingReport> {
    this.#isReported = true;
    return inRealTime(this.clock, this.#flight.shootDown('the test lands it'));
  }

  /** Resolves with the report once the flight has landed; for flights that land by themselves. */
  get landed(): Promise<LandingReport> {
    this.#isReported = true;
    return this.#flight.landed;
  }

  async #end(): Promise<void> {
    const wasReported = this.#isReported;
    const { cause } = await this.land();
    if (!wasReported && cause.kind === 'failure') {
      const by = cause.block?.responsibility;
      const what = `block ${by} failed in flight, and the test did not look at the report`;
      // some reporters do not show causes
      throw new Error(`${what}: ${String(cause.reason)}`, { cause: cause.reason });
    }
  }
}
