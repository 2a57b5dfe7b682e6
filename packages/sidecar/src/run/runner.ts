import {
  CONNECTOR,
  systemClock,
  type EventListener,
  type FlightStatus,
  type LandingReport,
  type Logger,
  type SputnikEvent,
} from '@sputnikjs/core';
import { unusedSockets } from '@sputnikjs/messaging/net';
import type { NestedState } from '../admin/nested-state.js';
import { RecentLines } from '../admin/recent-lines.js';
import { inside } from '../folder/address-book.js';
import { JOIN } from '../folder/connector-conf.js';
import type { RunnerOptions } from '../folder/options.js';
import { usable } from '../folder/problems.js';
import { setUp, type Setup } from '../folder/setup.js';
import { limitedLog } from '../log/limited-log.js';
import type { LogLevel } from '../log/log-level.js';
import { EventLog, type Surroundings } from '../log/logs.js';
import { RateLimiter } from '../log/rate-limit.js';
import type { Nested } from '../satellite/made-satellite.js';
import { bothOf } from '../satellite/observers.js';
import { OwnedConnector } from '../satellite/owned-connector.js';
import { destinationsBelow } from '../satellite/level.js';
import { WholeSatellite } from '../satellite/whole-satellite.js';
import type { ServiceManager, ServiceOptions } from '../service/service-manager.js';
import { makeThreads } from '../thread/make-threads.js';
import { Cleaner } from './cleaner.js';
import { takeControl } from './control.js';
import { joinOthers, type Others } from './join-others.js';
import { NestedEvents } from './nested-events.js';
import { notStarted, startAdmin } from './start-admin.js';

const SILENT: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** A satellite in flight. */
export interface Runner {
  /** Lands, and resolves with the report when everything is released. May be called any number of times. */
  stop(reason?: unknown): Promise<LandingReport>;
  /**
   * Resolves with the report when the satellite has landed, for any cause, and everything is released. Rejects with BLOCK_FAILED if a block
   * failed (F3).
   */
  wait(): Promise<LandingReport>;
  status(): FlightStatus;
}

/**
 * Checks the configuration, prepares the satellite and launches it. Resolves when it flies. Rejects with BAD_CONFIG (every problem in
 * `problems`), INIT_FAILED or ABORTED, after everything is released. It is a guest in its process: it lands on SIGTERM and SIGINT, and leaves
 * errors that nobody catches to the host.
 *
 * @example
 * import { connector } from '@sputnikjs/connector-mqtt';
 * import { startRunner } from '@sputnikjs/sidecar';
 * import { freePort } from '@sputnikjs/testkit/servers';
 * const configs = { connector: { embedded: true, port: await freePort() } };
 * const runner = await startRunner({ blocks: [{ name: 'producer' }], configs, connector });
 * console.log(runner.status().blocks.at(-1)?.state); // running
 * console.log((await runner.stop()).clean); // true
 */
export async function startRunner<C = unknown>(options: RunnerOptions<C>): Promise<Runner> {
  return await fly(usable(await setUp(options)), options, 'host');
}

/** The options of the runner that {@link fly} uses. */
interface FlightOptions {
  readonly log?: Logger | undefined;
  /** Of that log, where it is the satellite's own. */
  readonly logLevel?: LogLevel | undefined;
  readonly onEvent?: EventListener | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Prepares and launches a satellite that was set up. `process` says who owns the process. */
export async function fly(setup: Setup, options: FlightOptions, process: 'ours' | 'host'): Promise<Runner> {
  const { settings } = setup;
  const { onEvent, signal, logLevel } = options;
  const cleaner = new Cleaner();
  const limiter = new RateLimiter(systemClock);
  cleaner.push(() => limiter.flush());
  let flight: WholeSatellite | undefined;
  let others: Others | undefined;
  const owned = setup.connector && new OwnedConnector(setup.connector);
  const status = (): FlightStatus | undefined => flight?.status();
  const url = (): string | undefined => owned?.url;
  const lines = new RecentLines();
  const log = settings.admin ? lines.reading(options.log ?? SILENT) : options.log;
  const limited = log && limitedLog(log, limiter);
  const blocksLog = limited ?? SILENT;
  const makeLog = (to: Logger, around: Surroundings): EventLog => new EventLog(to, limiter, systemClock, around);
  const events = log && makeLog(log, { status, url });
  try {
    const controlled = { process, log, blocksLog: limited, logLevel, status };
    const { signals, reloader, taps } = takeControl(setup, controlled, cleaner);
    const landingSoon = signals.soon;
    for (const text of setup.readableSecrets) log?.warn({ event: 'readableSecret' }, text);
    const told = { flight: status, metrics: () => flight?.metrics() ?? [], landingSoon, clock: systemClock };
    const service = process === 'ours' ? await serviceManager(told, blocksLog) : undefined;
    cleaner.push(() => service?.close());
    const around = {
      ...told,
      url,
      nested: () => [...(others?.nested() ?? []), ...(flight?.nested() ?? []).map(stateOf)],
      logLevel,
      lines,
      reload: () => reloader.reload(),
      configurations: () => reloader.configurations(),
      taps,
    };
    const admin = await startAdmin(setup, around, blocksLog, cleaner);
    const ofServer = (path: string, event: SputnikEvent): void => admin?.takeNested(path, event);
    await start(owned, blocksLog);
    cleaner.push(() => owned?.release());
    const listen: EventListener = (event) => {
      events?.take(event);
      admin?.take(event);
      service?.take(event);
      onEvent?.(event);
    };
    const nestedEvents = new NestedEvents({ ofBlocks: listen, ofServer, log, makeLog });
    others = await joinOthers(setup, {
      whereIs: destinationsBelow(setup.path, () => flight?.level),
      log: blocksLog,
      observer: admin?.meter,
      makeLog,
      ofServer: (event) => ofServer(inside(setup.path, JOIN), event),
    });
    cleaner.push(() => others?.release());
    flight = await WholeSatellite.assemble(setup, {
      others: others?.joined,
      own: { connector: owned, finisher: () => signals.finisher(), signal },
      clock: systemClock,
      log: blocksLog,
      landingSoon,
      observer: bothOf(admin?.meter, others?.joined.acknowledgements),
      threadMaker: makeThreads,
      onEvent: listen,
      onNestedEvent: (satellite, event) => nestedEvents.take(satellite, event),
    });
    await flight.boot();
    if (process === 'ours') tellUnused(blocksLog);
  } catch (error) {
    await cleaner.clean();
    throw error;
  }
  return launch(flight, cleaner);
}

/** The state of a nested satellite, for the admin endpoints. */
function stateOf({
  setup: { path },
  state,
  restarted,
  connection,
  url,
  thread,
  instances,
  problem,
}: Nested): NestedState {
  return { path, state, restarted, connection, url, thread, instances, problem };
}

/** Reports to the service manager from now on, if there is one that asks for it. Otherwise nothing is loaded. */
async function serviceManager(
  told: Omit<ServiceOptions, 'environment' | 'log'>,
  log: Logger,
): Promise<ServiceManager | undefined> {
  const { env } = process;
  if (env['NOTIFY_SOCKET'] === undefined) return undefined;
  const service = await import('../service/service-manager.js');
  return new service.ServiceManager({ ...told, environment: env, log });
}

/** Warns of passed sockets that no listener has taken. */
function tellUnused(log: Logger): void {
  for (const socket of unusedSockets()) {
    const text = `the service manager has passed ${socket}: nothing listens there; configure this address, or remove it from the unit`;
    log.warn({ event: 'socketUnused', socket }, text);
  }
}

async function start(connector: OwnedConnector | undefined, log: Logger): Promise<void> {
  try {
    await connector?.start(log);
  } catch (error) {
    throw notStarted(CONNECTOR, error);
  }
}

function launch(flight: WholeSatellite, cleaner: Cleaner): Runner {
  const over = flyOn(flight, cleaner);
  // its failure is in the log and in the report; `wait` rejects with it
  over.catch(() => {});
  return {
    stop: async (reason) => {
      const report = await flight.shootDown(reason);
      await over.catch(() => {});
      return report;
    },
    wait: () => over,
    status: () => flight.status(),
  };
}

async function flyOn(flight: WholeSatellite, cleaner: Cleaner): Promise<LandingReport> {
  try {
    return await flight.launch();
  } finally {
    await cleaner.clean();
  }
}
