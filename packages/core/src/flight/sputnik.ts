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
  /** For each `init`. Default: 10,000. */
  readonly initMs?: number | undefined;
  /** For each attempt to connect. Default: 10,000. */
  readonly connectMs?: number | undefined;
  /** Between two heartbeats, and for the answer. Default: 5,000. */
  readonly heartbeatMs?: number | undefined;
  /** For the whole landing (L3). Default: 25,000. */
  readonly landingMs?: number | undefined;
}

/** What a satellite is assembled from. */
export interface SputnikOptions<C = unknown> {
  /** Raw configurations by name; the core validates them. */
  readonly config?: ConfigSource | undefined;
  /** The application blocks, in the order of initialisation: list a block after those it sends to (B1). */
  readonly appBlocks: readonly BlockEntry[];
  /** By block name. Default: the global registry. */
  readonly blockFactories?: BlockFactories<NoInfer<C>> | undefined;
  /** Replaces the default finisher, which lands on SIGTERM and SIGINT. */
  readonly finisher?: BlockFactory<NoInfer<C>> | undefined;
  readonly connector?: ServerConnector<C> | undefined;
  readonly timeouts?: Timeouts | undefined;
  /** Called with every event, in order. Its errors land the satellite. */
  readonly onEvent?: EventListener | undefined;
  /** Default: silent. */
  readonly log?: Logger | undefined;
  /** Default: the clock of the system. */
  readonly clock?: Clock | undefined;
  /** Lands the satellite when it aborts (L1). */
  readonly signal?: AbortSignal | undefined;
  /** Announces the landing to all blocks when it aborts, and does nothing else (L8). */
  readonly landingSoon?: AbortSignal | undefined;
  /** False for a flight that ignores the signals of the process, such as a nested one. */
  readonly signals?: boolean | undefined;
  /**
   * Finds blocks of other satellites. Called for addresses that no block here has (N2), and for addresses of blocks outside that blocks here
   * know (N5).
   */
  readonly outer?: Lookup | undefined;
  /**
   * Called when a block asks to land, or something fails. If it returns true, the flight goes on until its owner calls `shootDown` (N6). The
   * report has its failures.
   */
  readonly landAround?: ((cause: LandingCause) => boolean) | undefined;
  /** Sees each message pass. */
  readonly observer?: MessageObserver | undefined;
}

/** An assembled satellite: it boots, flies, and lands, in this order. */
export interface Flight extends AsyncDisposable, Idling {
  /**
   * Initialises all blocks; `prepare` has done so. Rejects with BAD_SETUP if there are problems (B2). Rejects with INIT_FAILED (B3) or
   * ABORTED (B5) after it has finished what was initialised.
   */
  boot(): Promise<void>;
  /**
   * Boots if `boot` was not called, and rejects as that does. Flies until something lands it, and resolves with the report. Rejects with
   * BLOCK_FAILED if a block failed (F3), and with ALREADY_LAUNCHED the second time (F4). After a landing it returns at once (B4).
   */
  launch(): Promise<LandingReport>;
  /** Stops intake: aborts `landing`, calls every `onLanding` and awaits them. The flight goes on, and its mailboxes stay open. */
  quiesce(): Promise<void>;
  /**
   * Lands the flight, and resolves with the report. May be called any number of times, from anywhere; inside a callback use `ctx.land`. The
   * first call may give `withinMs`, a share of an outer deadline. The flight's own deadline counts if it is sooner.
   */
  shootDown(reason?: unknown, options?: { readonly withinMs?: number | undefined }): Promise<LandingReport>;
  status(): FlightStatus;
  /**
   * A handle on a block here, for a sender outside whom the blocks here know as `from` (N5). Undefined if there is no such block. Messages
   * that the block sends back go to the block that `outer` finds for that address.
   */
  communicator(responsibility: string, from: BlockDescriptor): BlockCommunicator | undefined;
  /** The metrics of all blocks, in the order of initialisation (F6). */
  metrics(): readonly BlockMetrics[];
  /** Resolves with the report, whatever the cause of the landing. */
  readonly landed: Promise<LandingReport>;
}

/** An assembled satellite, with the findings of its assembly. */
export interface Assembly {
  readonly value: Flight;
  /** All problems that prevent its boot, one line each (B2). */
  readonly problems: readonly string[];
  /** What may be a mistake: needs that go in a circle (M5). */
  readonly warnings: readonly string[];
}

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * The description of a satellite. Each `prepare` makes a new flight (B2).
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

  /** Makes and checks all blocks. Starts nothing: `boot` does that (B2). */
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

/** The part of a flight that its owner may use. */
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
