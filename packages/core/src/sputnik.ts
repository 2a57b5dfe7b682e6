import { assemble, type BlockEntry } from './assemble.js';
import type { BlockFactory, Logger } from './block.js';
import { systemClock, type Clock } from './clock.js';
import type { ConfigSource } from './config.js';
import { connectorBlock } from './connector.js';
import { CONNECTOR, FINISHER } from './descriptor.js';
import { SputnikError } from './errors.js';
import type { EventListener, FlightStatus, LandingReport } from './events.js';
import { globalFactories, type BlockFactories } from './factories.js';
import { finisherBlock } from './finisher.js';
import { ActiveFlight } from './flight.js';
import type { ServerConnector } from './server-connector.js';

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

/** What a satellite is put together from. */
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
}

/** A satellite that is ready to be launched, or flies, or has landed. */
export interface Flight extends AsyncDisposable {
  /**
   * Flies until told to land, and resolves with the report. Rejects with BLOCK_FAILED when a block failed (F3), with
   * ALREADY_LAUNCHED the second time (F4). After a landing it returns at once (B4).
   */
  launch(): Promise<LandingReport>;
  /** Asks to land, any number of times, from anywhere; resolves with the report. Inside a callback use `ctx.land`. */
  shootDown(reason?: unknown): Promise<LandingReport>;
  status(): FlightStatus;
  /** Resolves with the report, however the landing came about. */
  readonly landed: Promise<LandingReport>;
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

  /**
   * Makes, checks and initialises all blocks. Rejects with BAD_SETUP, all problems listed and nothing initialised (B2);
   * with INIT_FAILED (B3) or ABORTED (B5), what was initialised finished again.
   */
  async prepare(): Promise<Flight> {
    const { value: flight, problems } = await putTogether(this.#options);
    if (problems.length > 0) {
      flight.discard();
      throw new SputnikError('BAD_SETUP', undefined, { problems });
    }
    const { signal } = this.#options;
    const abort = (): void => flight.land({ kind: 'abort', reason: signal?.reason });
    signal?.addEventListener('abort', abort);
    void flight.landed.then(() => signal?.removeEventListener('abort', abort));
    if (signal?.aborted) abort();
    await flight.boot();
    const shootDown = (reason?: unknown): Promise<LandingReport> => {
      flight.land({ kind: 'shootDown', reason });
      return flight.landed;
    };
    return {
      launch: () => flight.launch(),
      shootDown,
      status: () => flight.status(),
      landed: flight.landed,
      [Symbol.asyncDispose]: async () => void (await shootDown()),
    };
  }
}

/**
 * All problems for which `prepare` would reject with BAD_SETUP, one line each. Initialises nothing (B2).
 *
 * @example
 * import { defineBlock, inspect } from '@sputnikjs/core';
 * const store = defineBlock({ name: 'store', make: () => ({ onMsg() {} }) });
 * const problems = await inspect({ appBlocks: [{ name: 'stor' }], blockFactories: { store } });
 * console.log(problems.join()); // block stor: no factory has its name; there are: store
 */
export async function inspect<C>(options: SputnikOptions<C>): Promise<readonly string[]> {
  const { value: flight, problems } = await putTogether(options);
  flight.discard();
  return problems;
}

async function putTogether<C>(
  options: SputnikOptions<C>,
): Promise<{ readonly value: ActiveFlight; readonly problems: readonly string[] }> {
  const { connector, clock = systemClock, log = SILENT, onEvent = () => {}, finisher = finisherBlock } = options;
  const { initMs = 10_000, connectMs = 10_000, heartbeatMs = 5_000, landingMs = 25_000 } = options.timeouts ?? {};
  const source = options.config ?? (() => undefined);
  const { landingSoon } = options;
  const flight = new ActiveFlight({ clock, log, onEvent, source, initMs, landingMs, landingSoon });
  const problems = Object.entries({ initMs, connectMs, heartbeatMs, landingMs })
    .filter(([, ms]) => !(typeof ms === 'number' && ms > 0 && ms < 2 ** 31))
    .map(([name, ms]) => `timeouts.${name} must be milliseconds above 0 and below 2^31, not ${ms}`);
  const infrastructure: Record<string, BlockFactory> = { [FINISHER]: finisher as BlockFactory };
  if (connector) {
    infrastructure[CONNECTOR] = () => connectorBlock(connector, flight, { connectMs, heartbeatMs });
    for (const name of ['connect', 'isConnected', 'disconnect'] as const) {
      if (typeof connector[name] !== 'function') problems.push(`the server connector has no ${name}`);
    }
  }
  const factories = (options.blockFactories ?? globalFactories()) as BlockFactories;
  problems.push(...(await assemble(flight, infrastructure, options.appBlocks, factories)));
  return { value: flight, problems };
}
