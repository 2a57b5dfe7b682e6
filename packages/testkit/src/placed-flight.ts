import { setTimeout as realTime } from 'node:timers/promises';
import {
  defineBlock,
  type BlockCommunicator,
  type BlockDescriptor,
  type BlockFactory,
  type Clean,
  type LandingReport,
  type Mail,
  type Msg,
  type Responsibility,
} from '@sputnikjs/core';
import type { Runner, RunnerOptions } from '@sputnikjs/sidecar';
import type { BlockSubject, Places } from './block-checks.js';
import { FlightRecorder, type LogLine } from './flight-recorder.js';
import { within } from './in-time.js';
import { nameOf } from './rig.js';
import { testRunner } from './runner.js';
import { natsServer, type RealServer } from './servers/index.js';
import { watched, type Watcher } from './watch.js';

/** Where the satellite of a tested block flies; `clone` is `here` with messages cloned. */
export type BlockPlace = 'here' | 'clone' | 'thread' | 'process';

/** A tested block, and the place where it is tried. */
export interface PlacedSubject {
  readonly subject: BlockSubject & { readonly places: Places };
  readonly place: BlockPlace;
  /** Starts what joins processes. */
  readonly join: () => Promise<RealServer>;
}

/** How long anything may take, in milliseconds. */
const PATIENCE_MS = 20_000;
const LOOK_MS = 5;
/** How long one block outside takes to finish: what the tested block sends too late arrives meanwhile. */
const SLOWLY_MS = 50;

/** The satellite of the tested block, and two blocks outside. */
const [IN, SLOW, TEST] = ['in', 'slow', 'test'];

/** Returns a function that starts the server that joins processes; it ends with the suite that is being described. */
export function joinServer(): PlacedSubject['join'] {
  const cleanups: (() => Promise<void>)[] = [];
  testRunner().afterSuite(async () => {
    for (const cleanup of cleanups) await cleanup();
  });
  let made: Promise<RealServer> | undefined;
  return async () => {
    made ??= natsServer({ after: (cleanup) => void cleanups.push(cleanup) });
    const server = await made;
    await server.start();
    return server;
  };
}

/** A satellite in real time, whose tested block is in a nested satellite at a place. Its neighbours are outside. */
export class PlacedFlight {
  readonly recorder: FlightRecorder = new FlightRecorder();
  /** Blocks outside that got a message from the tested block after its finish. */
  readonly late: string[] = [];
  readonly #of: PlacedSubject;
  /** With the tested block, the process that runs it, and then the outermost satellite. */
  readonly #runners: Runner[] = [];
  #self: BlockCommunicator | undefined;

  /** Starts it. Rejects as the start of the satellite with the tested block does. `troublemaker` is initialised after the tested block. */
  static async launch(of: PlacedSubject, troublemaker?: readonly [name: string, BlockFactory]): Promise<PlacedFlight> {
    const flight = new PlacedFlight(of);
    testRunner().afterTest(async () => void (await flight.#end()));
    try {
      await flight.#start(troublemaker);
    } catch (error) {
      await flight.#end();
      throw error;
    }
    return flight;
  }

  private constructor(of: PlacedSubject) {
    this.#of = of;
  }

  /** The address of the tested block. */
  get address(): string {
    return `${IN}/${this.#of.subject.responsibility}`;
  }

  /** Returns the test's own handle on the tested block, or on a neighbour. Throws if there is no such block. */
  to<M extends Clean<M> = Msg, A = unknown>(responsibility: Responsibility<M, A>): BlockCommunicator<M, A> {
    const address = responsibility === this.#of.subject.responsibility ? this.address : responsibility;
    const handle = this.#self?.communicator(address);
    if (handle) return handle as BlockCommunicator<M, A>;
    throw new Error(`no block has the address "${address}"`);
  }

  /** The state of the satellite that the tested block is in. */
  get state(): string | undefined {
    return this.#runners[0]?.status().state;
  }

  /** Lands it. The report covers the tested block. */
  async land(): Promise<LandingReport> {
    const report = await within(PATIENCE_MS, 'the landing', this.#end());
    if (report === undefined) throw new Error('it was not launched');
    return report;
  }

  /** Resolves when the log has so many records of this event of the satellite's own server. */
  async logged(event: 'connected' | 'disconnected', times: number): Promise<void> {
    // there is another one that joins processes
    const isOwn = (line: LogLine): boolean => !String(line['satellite']).endsWith('join');
    await this.#records(times, event, isOwn);
  }

  async #records(times: number, event: string, fits: (line: LogLine) => boolean): Promise<void> {
    const count = (): number => this.recorder.logs.filter((line) => line['event'] === event && fits(line)).length;
    const [runner] = this.#runners;
    const over = new AbortController();
    void runner
      ?.wait()
      .finally(() => over.abort())
      .catch(() => {});
    const reached = (async () => {
      while (count() < times && !over.signal.aborted) await realTime(LOOK_MS);
    })();
    try {
      await within(PATIENCE_MS, `record ${times} of "${event}" in the log`, reached);
      if (count() >= times) return;
      await runner?.wait();
      throw new Error(`it has landed before record ${times} of "${event}"`);
    } finally {
      over.abort();
    }
  }

  async #start(troublemaker: readonly [string, BlockFactory] | undefined): Promise<void> {
    const { subject, place, join } = this.#of;
    await subject.places.server?.start();
    const joined = place === 'process' ? (await join()).url : undefined;
    const options = this.#options(troublemaker, joined);
    await this.#run(options);
    if (place === 'process') await this.#join(options);
    if (subject.places.server) await this.logged('connected', 1);
  }

  /** Starts the process of the tested block. Resolves when each side reaches the other, if it has something to send there. */
  async #join(options: RunnerOptions): Promise<void> {
    const part = await this.#run({ ...options, satellite: IN });
    const { capacity = 0 } = part.status().blocks.find((block) => block.responsibility === this.address) ?? {};
    const reaches = (path: string): Promise<void> =>
      this.#records(1, 'partReachable', ({ satellite }) => satellite === path);
    if (capacity > 0) await reaches(IN);
    if (Object.keys(this.#of.subject.neighbours ?? {}).length > 0) await reaches('');
  }

  async #run(options: RunnerOptions): Promise<Runner> {
    const { startRunner } = await import('@sputnikjs/sidecar');
    const runner = await startRunner(options);
    this.#runners.unshift(runner);
    return runner;
  }

  #options(troublemaker: readonly [string, BlockFactory] | undefined, join: string | undefined): RunnerOptions {
    const { subject, place } = this.#of;
    const { responsibility, block, neighbours = {}, config = {}, timeouts, places } = subject;
    const name = nameOf(block, responsibility);
    const trouble = troublemaker ? [{ name: troublemaker[0] }] : [];
    // what runs in another process cannot be brought down from here
    const [inside, outside] = place === 'process' ? [trouble, []] : [[], trouble];
    const { module, connector } = places;
    const own = config[responsibility] ?? config[name];
    const satellite = {
      name: IN,
      blocks: [{ name, responsibility, module }, ...inside],
      configs: {
        ...(own !== undefined && { [responsibility]: own }),
        ...(connector && { connector }),
        ...(timeouts && { sputnik: { timeouts } }),
      },
    };
    const at = place === 'clone' ? { place: 'here' as const, clone: true } : { place };
    const others = Object.entries(neighbours).map(
      ([address, factory]) => [address, watched(factory, this.#watcher)] as const,
    );
    const slow = defineBlock({ name: SLOW, make: () => ({ finish: () => realTime(SLOWLY_MS) }) });
    const test = defineBlock({ name: TEST, make: () => ({ run: (self) => void (this.#self = self) }) });
    const joining = { module: '@sputnikjs/connector-nats', url: join, jetstream: false };
    return {
      blocks: [
        ...others.map(([address, factory]) => ({
          name: nameOf(factory, address),
          responsibility: address,
        })),
        { name: SLOW },
        { satellite, ...at },
        ...outside,
        { name: TEST },
      ],
      configs: { ...config, ...(timeouts && { sputnik: { timeouts } }), ...(join !== undefined && { join: joining }) },
      blockFactories: {
        ...Object.fromEntries(others.map(([address, factory]) => [nameOf(factory, address), factory])),
        ...(troublemaker && { [troublemaker[0]]: troublemaker[1] }),
        [SLOW]: slow,
        [TEST]: test,
      },
      log: this.recorder.log,
      onEvent: this.recorder.onEvent,
    };
  }

  readonly #watcher: Watcher = {
    called: ({ responsibility }: BlockDescriptor, callback, args) => {
      if (callback !== 'onMsg' && callback !== 'onMsgs') return;
      const senders =
        callback === 'onMsg' ? [args[1] as BlockCommunicator] : (args[0] as Mail[]).map(({ from }) => from);
      const isFinished = this.recorder.events.some(
        (event) => event.type === 'finished' && event.block.responsibility === this.address,
      );
      const isTested = senders.some(({ descriptor }) => descriptor.responsibility === this.address);
      if (isFinished && isTested) this.late.push(responsibility);
    },
    sends: () => {},
  };

  async #end(): Promise<LandingReport | undefined> {
    const reports: LandingReport[] = [];
    for (const runner of this.#runners) reports.push(await runner.stop('the test lands it'));
    return reports[0];
  }
}
