import type { Lookup } from '../mailbox/address.js';
import { assemble, type BlockEntry } from './assemble.js';
import type { BlockFactory, Idling, Logger } from '../block/block.js';
import type { FlightPlan } from '../block/callbacks.js';
import { systemClock, type Clock } from '../time/clock.js';
import type { ConfigSource } from '../api/config.js';
import { connectorBlock } from '../server/connector.js';
import type { BlockCommunicator } from '../api/block-communicator.js';
import { CONNECTOR, FINISHER, type BlockDescriptor } from '../api/descriptor.js';
import type { BlockMetrics, EventListener, FlightStatus, LandingCause, LandingReport } from '../block/events.js';
import { globalFactories, type BlockFactories } from '../block/factories.js';
import { finisherBlock, silentFinisher } from './finisher.js';
import { ActiveFlight } from './flight.js';
import type { MessageObserver } from '../api/observer.js';
import type { ServerConnector } from '../server/server-connector.js';

/** Deadlines, in milliseconds. */
export interface Timeouts {
  /** For each `init`; 10,000 unless given. */
  readonly initMs?: number | undefined;
  /** For each attempt to connect; 10,000 unless given. */
  readonly connectMs?: number | undefined;
  /** From one heartbeat to the next, and for the answer; 5,000 unless given. */
  readonly heartbeatMs?: number | undefined;
  /** For the whole landing; 25,000 unless given (L3). */
  readonly landingMs?: number | undefined;
}

/** What a satellite is assembled from. */
export interface SputnikOptions<C = unknown> {
  /** Raw configurations by name; the core validates them. */
  readonly config?: ConfigSource | undefined;
  /** The application blocks, in the order of initialisation: list a block after those it sends to (B1). */
  readonly appBlocks: readonly BlockEntry[];
  /** By block name. The global registry unless given. */
  readonly blockFactories?: BlockFactories<NoInfer<C>> | undefined;
  /** Stands for the default finisher, which lands on SIGTERM and SIGINT. */
  readonly finisher?: BlockFactory<NoInfer<C>> | undefined;
  readonly connector?: ServerConnector<C> | undefined;
  readonly timeouts?: Timeouts | undefined;
  /** Told of every event, in order. What it throws lands the satellite. */
  readonly onEvent?: EventListener | undefined;
  /** Silent unless given. */
  readonly log?: Logger | undefined;
  /** The system's unless given. */
  readonly clock?: Clock | undefined;
  /** Lands the satellite when it aborts (L1). */
  readonly signal?: AbortSignal | undefined;
  /** Announces the landing to all blocks when it aborts, and does nothing else (L8). */
  readonly landingSoon?: AbortSignal | undefined;
  /** False for a flight that listens to no signals of the process, as one inside another does. */
  readonly signals?: boolean | undefined;
  /**
   * Finds blocks of other satellites: asked for addresses that no block here has (N2), and for those by which blocks here know somebody
   * outside (N5).
   */
  readonly outer?: Lookup | undefined;
  /**
   * Asked when a block asks to land, or something fails. True has it fly on until somebody around it calls `shootDown` (N6); its failures are
   * in the report.
   */
  readonly landAround?: ((cause: LandingCause) => boolean) | undefined;
  /** Sees each message pass. */
  readonly observer?: MessageObserver | undefined;
}

/** An assembled satellite: it boots, flies, and lands, in this order. */
export interface Flight extends AsyncDisposable, Idling {
  /**
   * Initialises all blocks; `prepare` has done so. Rejects with BAD_SETUP if there are problems (B2), with INIT_FAILED (B3) or ABORTED (B5),
   * what was initialised finished again.
   */
  boot(): Promise<void>;
  /**
   * Boots if `boot` was not called, and rejects as that does. Flies until something lands it, and resolves with the report. Rejects with
   * BLOCK_FAILED when a block failed (F3), with ALREADY_LAUNCHED the second time (F4). After a landing it returns at once (B4).
   */
  launch(): Promise<LandingReport>;
  /** Has it take nothing more in: aborts `landing`, calls every `onLanding` and awaits them. It flies on, and its mailboxes stay open. */
  quiesce(): Promise<void>;
  /**
   * Asks to land, any number of times, from anywhere; resolves with the report. Inside a callback use `ctx.land`. The first call may give
   * `withinMs`, the share of a deadline that somebody else has; its own is kept where it is sooner.
   */
  shootDown(reason?: unknown, options?: { readonly withinMs?: number | undefined }): Promise<LandingReport>;
  status(): FlightStatus;
  /**
   * The handle that somebody outside, whom the blocks here know as `from`, has on a block here; undefined if there is none (N5). What the
   * block sends back goes to what `outer` finds under that name.
   */
  communicator(responsibility: string, from: BlockDescriptor): BlockCommunicator | undefined;
  /** The numbers that blocks give, in the order of initialisation (F6). */
  metrics(): readonly BlockMetrics[];
  /** Resolves with the report, however the landing came about. */
  readonly landed: Promise<LandingReport>;
}

/** An assembled satellite, and what was found on the way. */
export interface Assembly {
  readonly value: Flight;
  /** All for which it cannot boot, one line each (B2). */
  readonly problems: readonly string[];
  /** What may be meant, and may not: needs that go in a circle (M5). */
  readonly warnings: readonly string[];
}

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * A satellite, described. Each `prepare` is a flight of its own (B2).
 *
 * @example
 * import { defineBlock, Sputnik } from '@sputnikjs/core';
 * const hello = defineBlock({ name: 'hello', make: (_config, _to, { land }) => ({ run: () => land('said hello') }) });
 * const flight = await new Sputnik({ appBlocks: [{ name: 'hello' }], blockFactories: { hello } }).prepare();
 * const report = await flight.launch();
 * console.log(report.cause.reason, report.clean); // said hello true
 */
export class Sputnik<C = unknown> {
  readonly #options: SputnikOptions<C>;

  constructor(options: SputnikOptions<C>) {
    this.#options = options;
  }

  /** Makes and checks all blocks, and starts nothing: that is for `boot` (B2). */
  async assemble(): Promise<Assembly> {
    const options = this.#options;
    const flight = new ActiveFlight(planOf(options));
    const factories = (options.blockFactories ?? globalFactories()) as BlockFactories;
    const found = await assemble(flight, infrastructureOf(options, flight), options.appBlocks, factories);
    const problems = [...optionProblems(options), ...found.problems];
    flight.problems = problems;
    return { value: asFlight(flight), problems, warnings: found.warnings };
  }

  /** Makes, checks and initialises all blocks: `assemble`, then `boot`. Rejects as `boot` does. */
  async prepare(): Promise<Flight> {
    const { value } = await this.assemble();
    await value.boot();
    return value;
  }
}

// guard: L3 a landing has 25 s unless configured
const DEFAULT_MS = { initMs: 10_000, connectMs: 10_000, heartbeatMs: 5_000, landingMs: 25_000 };

const timeoutsOf = ({ timeouts = {} }: { timeouts?: Timeouts | undefined }): typeof DEFAULT_MS => {
  const given = Object.entries(timeouts).filter(([, ms]) => ms !== undefined);
  return { ...DEFAULT_MS, ...Object.fromEntries(given) };
};

function planOf<C>(options: SputnikOptions<C>): FlightPlan {
  const { clock = systemClock, log = SILENT, onEvent = () => {}, config: source = () => undefined } = options;
  const { observer, signal, landingSoon, outer, landAround } = options;
  return { ...timeoutsOf(options), clock, log, onEvent, source, observer, signal, landingSoon, outer, landAround };
}

function infrastructureOf<C>(options: SputnikOptions<C>, flight: ActiveFlight): BlockFactories {
  // guard: N4 a flight may listen to no signals
  const { connector, signals = true, finisher = signals ? finisherBlock : silentFinisher } = options;
  return {
    [FINISHER]: finisher as BlockFactory,
    ...(connector && {
      [CONNECTOR]: () => connectorBlock(connector, flight.emit, flight.blocks.setConnection, timeoutsOf(options)),
    }),
  };
}

function optionProblems<C>({ connector, ...options }: SputnikOptions<C>): readonly string[] {
  // guard: B2 time-outs are above 0
  const timeouts = Object.entries(timeoutsOf(options))
    .filter(([, ms]) => !(typeof ms === 'number' && ms > 0 && ms < 2 ** 31))
    .map(([name, ms]) => `timeouts.${name} must be milliseconds above 0 and below 2^31, not ${ms}`);
  // guard: B2 a connector has its three functions
  const missing = (['connect', 'isConnected', 'disconnect'] as const).filter(
    (name) => connector && typeof connector[name] !== 'function',
  );
  return [...timeouts, ...missing.map((name) => `the server connector has no ${name}`)];
}

/** What its owner may do with a flight. */
function asFlight(flight: ActiveFlight): Flight {
  const shootDown: Flight['shootDown'] = (reason, { withinMs } = {}) => {
    flight.land({ kind: 'shootDown', reason }, withinMs);
    return flight.landed;
  };
  return {
    boot: () => flight.boot(),
    launch: () => flight.launch(),
    quiesce: () => flight.quiesce(),
    shootDown,
    status: () => flight.status(),
    communicator: (responsibility, from) => flight.addresses.handleFor(from, responsibility),
    metrics: () => flight.metrics(),
    get isIdle() {
      return flight.blocks.isIdle;
    },
    idle: () => flight.blocks.idle(),
    landed: flight.landed,
    [Symbol.asyncDispose]: async () => void (await shootDown()),
  };
}
