import {
  Sputnik,
  type BlockCommunicator,
  type BlockEntry,
  type BlockFactory,
  type Flight,
  type Timeouts,
} from '@sputnikjs/core';
import { FlightRecorder } from './flight-recorder.js';
import { manualClock, type ManualClock } from './manual-clock.js';
import { inRealTime } from './real-time.js';
import type { AtEnd } from './runner.js';
import { TestServer } from './test-server.js';
import { watched } from './watch.js';

/** A block of a test flight. */
export interface FlightBlock<C = unknown> {
  readonly responsibility: string;
  readonly block: BlockFactory<C>;
  /** Other addresses for the block's needs, by the names that it uses. */
  readonly needs?: Readonly<Record<string, string>> | undefined;
}

/** Options of a test flight. */
export interface TestFlightOptions<C = unknown> {
  /**
   * The blocks, from `defineBlock`, or functions that make one, in the order of their init: list a block after those that it sends to. The keys are
   * responsibilities. A list can say more: the same block twice, other addresses for needs.
   */
  readonly blocks: Readonly<Record<string, BlockFactory<NoInfer<C>>>> | readonly FlightBlock<NoInfer<C>>[];
  /** Raw configurations by responsibility, or by block name. */
  readonly config?: Readonly<Record<string, unknown>> | undefined;
  /** The connection that blocks get, or a function that makes the n-th one. Without it, there is no server. */
  readonly connection?: C | ((n: number) => C) | undefined;
  /** As in the core, on the clock of the flight. */
  readonly timeouts?: Timeouts | undefined;
  /** The test runner's hook for the end of a test. Needed only with runners other than node:test, vitest and bun test. */
  readonly after?: AtEnd | undefined;
}

/** The address of the test itself among the blocks. */
const TEST = 'test';

/** A satellite that a test prepares: its blocks are watched, its clock stands still, its server is inside. */
export class Rig<C> {
  readonly clock: ManualClock = manualClock();
  readonly recorder: FlightRecorder = new FlightRecorder();
  readonly server: TestServer<C> | undefined;
  readonly #options: TestFlightOptions<C>;
  #self: BlockCommunicator | undefined;

  constructor(options: TestFlightOptions<C>) {
    this.#options = options;
    const { connection } = options;
    if (connection === undefined) return;
    const make = typeof connection === 'function' ? (connection as (n: number) => C) : (): C => connection;
    this.server = new TestServer({ connection: make, clock: this.clock });
  }

  /** Rejects as the core's `prepare` does. Signals of the process are left alone. */
  prepare(): Promise<Flight> {
    const { blocks, config = {}, timeouts } = this.#options;
    const listed = Array.isArray(blocks) ? (blocks as readonly FlightBlock<C>[]) : listOf(blocks as BlocksByKey<C>);
    const appBlocks: BlockEntry[] = listed.map(({ block, ...entry }) => ({
      ...entry,
      name: nameOf(block, entry.responsibility),
    }));
    const originals = new Map<string, BlockFactory<C>>();
    const blockFactories: Record<string, BlockFactory<C>> = {};
    for (const [index, { block }] of listed.entries()) {
      const { name } = appBlocks[index] as BlockEntry;
      const other = originals.get(name);
      if (other && other !== block) throw new Error(`two different blocks have the name "${name}"; rename one of them`);
      originals.set(name, block);
      blockFactories[name] = watched(block, this.recorder);
    }
    const sputnik = new Sputnik<C>({
      // Last, for the test sends to all others.
      appBlocks: [...appBlocks, { name: TEST }],
      blockFactories: {
        ...blockFactories,
        [TEST]: () => ({ init() {}, run: (self) => void (this.#self = self), finish() {} }),
      },
      config: (name) => (Object.hasOwn(config, name) ? config[name] : undefined),
      connector: this.server,
      finisher: () => ({ init() {}, run() {}, finish() {} }),
      clock: this.clock,
      log: this.recorder.log,
      onEvent: this.recorder.onEvent,
      timeouts,
    });
    return inRealTime(this.clock, sputnik.prepare());
  }

  /** The test's own handle, once launched. */
  get self(): BlockCommunicator {
    if (this.#self) return this.#self;
    throw new Error('the flight was not launched');
  }
}

type BlocksByKey<C> = Readonly<Record<string, BlockFactory<C>>>;

function listOf<C>(blocks: BlocksByKey<C>): FlightBlock<C>[] {
  return Object.entries(blocks).map(([responsibility, block]) => ({ responsibility, block }));
}

/** The name by which an entry lists a block: a function has none of its own. */
export function nameOf<C>(block: BlockFactory<C>, responsibility: string): string {
  return typeof block === 'function' ? responsibility : block.name;
}
