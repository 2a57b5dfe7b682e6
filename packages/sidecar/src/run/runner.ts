import {
  CONNECTOR,
  SputnikError,
  systemClock,
  type BlockMetrics,
  type EventListener,
  type FlightStatus,
  type LandingReport,
  type Logger,
} from '@sputnikjs/core';
import { unusedSockets } from '@sputnikjs/messaging/net';
import { Admin, ADMIN, type Administered } from '../admin/admin.js';
import type { NestedState } from '../admin/nested-state.js';
import { RecentLines } from '../admin/recent-lines.js';
import { Taps } from '../admin/taps.js';
import { Cleaner } from './cleaner.js';
import { limitedLog } from '../log/limited-log.js';
import type { LogLevel } from '../log/log-level.js';
import { EventLog } from '../log/logs.js';
import type { RunnerOptions } from '../folder/options.js';
import { inside } from '../folder/address-book.js';
import { JOIN } from '../folder/connector-conf.js';
import { bothOf } from '../satellite/observers.js';
import { joinOthers, type Others } from './join-others.js';
import { NestedEvents } from './nested-events.js';
import { OwnedConnector } from '../satellite/owned-connector.js';
import { WholeSatellite } from '../satellite/whole-satellite.js';
import { usable } from '../folder/problems.js';
import { guardProcess } from './process-guard.js';
import { RateLimiter } from '../log/rate-limit.js';
import { Reloader, type LiveKey } from './reloader.js';
import type { ServiceManager, ServiceOptions } from '../service/service-manager.js';
import { setUp, type Setup } from '../folder/setup.js';
import { Signals, toggleOnSignal } from './signals.js';
import { makeThreads } from '../thread/make-threads.js';
import { textOf } from '../text.js';
import { Watch } from './watch.js';

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
  const { connector, settings, readableSecrets } = setup;
  const { onEvent, signal, logLevel } = options;
  const cleaner = new Cleaner();
  const limiter = new RateLimiter(systemClock);
  cleaner.push(() => limiter.flush());
  let flight: WholeSatellite | undefined;
  let others: Others | undefined;
  const owned = connector && new OwnedConnector(connector);
  const status = (): FlightStatus | undefined => flight?.status();
  const url = (): string | undefined => owned?.url;
  const lines = new RecentLines();
  const log = settings.admin ? lines.reading(options.log ?? SILENT) : options.log;
  const blocksLog = log && limitedLog(log, limiter);
  const events = log && new EventLog(log, limiter, systemClock, { status, url });
  try {
    const taps = new Taps(systemClock, settings.admin?.tap ?? [], blocksLog);
    const live = [...(logLevel ? [liveLevel(logLevel)] : []), ...(settings.admin ? [liveTap(taps)] : [])];
    const reloader = new Reloader({ setup, live, log });
    const reload = (): ReturnType<Reloader['reload']> => reloader.reload();
    const configurations = (): ReturnType<Reloader['configurations']> => reloader.configurations();
    const { delayMs } = settings.landing;
    const signals = new Signals({ clock: systemClock, log, delayMs, process, reload: () => void reload() });
    cleaner.push(() => signals.close());
    if (log && process === 'ours') {
      const { landingMs } = settings.timeouts;
      const watch = new Watch({ mostMs: landingMs, soon: signals.soon, log });
      cleaner.push(() => watch.close());
      const guarded = { log, status, stuck: () => watch.stuck, fail: (error: unknown) => signals.fail(error) };
      cleaner.push(guardProcess(guarded));
    }
    for (const text of readableSecrets) log?.warn({ event: 'readableSecret' }, text);
    if (log && logLevel) cleaner.push(toggleOnSignal(logLevel, log));
    const metrics = (): readonly BlockMetrics[] => flight?.metrics() ?? [];
    const told = { flight: status, metrics, landingSoon: signals.soon, clock: systemClock };
    const service = process === 'ours' ? await serviceManager(told, blocksLog) : undefined;
    cleaner.push(() => service?.close());
    const nested = (): readonly NestedState[] => [
      ...(others?.nested() ?? []),
      ...(flight?.nested() ?? []).map(
        ({ setup: { path }, state, restarted, connection, url: at, thread, instances, problem }) => ({
          path,
          state,
          restarted,
          connection,
          url: at,
          thread,
          instances,
          problem,
        }),
      ),
    ];
    const around = { ...told, url, nested, logLevel, lines, reload, configurations, taps };
    const admin = await startAdmin(setup, around, blocksLog, cleaner);
    await start(owned, blocksLog);
    cleaner.push(() => owned?.release());
    const listen: EventListener = (event) => {
      events?.take(event);
      admin?.take(event);
      service?.take(event);
      onEvent?.(event);
    };
    const nestedEvents = new NestedEvents({
      ofBlocks: listen,
      ofServer: (path, event) => admin?.takeNested(path, event),
      log,
      makeLog: (to, surroundings) => new EventLog(to, limiter, systemClock, surroundings),
    });
    others = await joinOthers(setup, {
      whereIs: (path) => () => flight?.at(path),
      log: blocksLog ?? SILENT,
      observer: admin?.meter,
      makeLog: (to, surroundings) => new EventLog(to, limiter, systemClock, surroundings),
      ofServer: (event) => admin?.takeNested(inside(setup.path, JOIN), event),
    });
    cleaner.push(() => others?.release());
    flight = await WholeSatellite.assemble(setup, {
      others: others?.joined,
      own: { connector: owned, finisher: () => signals.finisher(), signal },
      clock: systemClock,
      log: blocksLog ?? SILENT,
      landingSoon: signals.soon,
      observer: bothOf(admin?.meter, others?.joined.acknowledgements),
      threadMaker: makeThreads,
      onEvent: listen,
      onNestedEvent: (satellite, event) => nestedEvents.take(satellite, event),
    });
    await flight.boot();
    if (process === 'ours') tellUnused(log);
  } catch (error) {
    await cleaner.clean();
    throw error;
  }
  return launch(flight, cleaner);
}

/** Opens the admin endpoints, if configured, until the clean-up. */
async function startAdmin(
  { name, settings, ownWiring }: Setup,
  around: Omit<Administered, 'name' | 'settings' | 'wiring'>,
  log: Logger = SILENT,
  cleaner: Cleaner,
): Promise<Admin | undefined> {
  if (settings.admin === undefined) return undefined;
  const admin = new Admin({ ...around, name, settings: settings.admin, wiring: ownWiring });
  cleaner.push(() => admin.close());
  try {
    await admin.listen(log);
  } catch (error) {
    throw notStarted(ADMIN, error);
  }
  return admin;
}

/** Reports to the service manager from now on, if there is one that asks for it. Otherwise nothing is loaded. */
async function serviceManager(
  told: Omit<ServiceOptions, 'environment' | 'log'>,
  log: Logger = SILENT,
): Promise<ServiceManager | undefined> {
  const { env } = process;
  if (env['NOTIFY_SOCKET'] === undefined) return undefined;
  const service = await import('../service/service-manager.js');
  return new service.ServiceManager({ ...told, environment: env, log });
}

/** Warns of passed sockets that no listener has taken. */
function tellUnused(log: Logger = SILENT): void {
  for (const socket of unusedSockets()) {
    const text = `the service manager has passed ${socket}: nothing listens there; configure this address, or remove it from the unit`;
    log.warn({ event: 'socketUnused', socket }, text);
  }
}

async function start(connector: OwnedConnector | undefined, log: Logger | undefined): Promise<void> {
  try {
    await connector?.start(log);
  } catch (error) {
    throw notStarted(CONNECTOR, error);
  }
}

function notStarted(name: string, cause: unknown): SputnikError {
  const block = { name, responsibility: name };
  return new SputnikError('INIT_FAILED', `cannot start: ${textOf(cause)}`, { block, callback: 'start', cause });
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

function liveLevel(level: LogLevel): LiveKey {
  const current = (): unknown => level.current;
  return { path: 'logLevel', current, apply: ({ logLevel }) => level.configure(logLevel) };
}

function liveTap(taps: Taps): LiveKey {
  const apply: LiveKey['apply'] = ({ admin }) => taps.allow(admin?.tap ?? []);
  return { path: 'admin.tap', current: () => taps.allowed, apply };
}
