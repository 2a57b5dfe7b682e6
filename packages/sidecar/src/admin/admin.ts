import { chmod, rm } from 'node:fs/promises';
import type { BlockMetrics, Clock, FlightStatus, Logger, SputnikEvent } from '@sputnikjs/core';
import {
  bind,
  clearPath,
  isLoopback,
  PASSED,
  passedSocket,
  PATH_ADVICE,
  placeOf,
  privately,
} from '@sputnikjs/messaging/net';
import type { AdminSettings } from '../folder/admin-conf.js';
import type { ConfigurationInForce } from '../folder/in-force.js';
import type { Reloaded } from '../folder/reloaded.js';
import type { BlockWiring } from '../folder/wiring.js';
import type { LogLevel } from '../log/log-level.js';
import { VERSION } from '../own-files.js';
import { AdminServer } from './admin-server.js';
import { endpointsOf } from './endpoints.js';
import { EventStream } from './event-stream.js';
import { FlightMeter } from './flight-meter.js';
import { OverloadWatch } from './overload-watch.js';
import type { RecentLines } from './recent-lines.js';
import type { NestedState } from './nested-state.js';
import type { Watched } from './snapshot.js';
import type { Taps } from './taps.js';

/** What the admin endpoints show and control. */
export interface Administered {
  readonly name: string;
  readonly settings: AdminSettings;
  readonly wiring: readonly BlockWiring[];
  readonly clock: Clock;
  /** Undefined if the log belongs to the host, which decides about its level. */
  readonly logLevel: LogLevel | undefined;
  readonly flight: () => FlightStatus | undefined;
  readonly metrics: () => readonly BlockMetrics[];
  readonly url: () => string | undefined;
  /** The nested satellites. */
  readonly nested: () => readonly NestedState[];
  readonly landingSoon: AbortSignal;
  readonly lines: RecentLines;
  readonly configurations: () => Promise<readonly ConfigurationInForce[]>;
  readonly reload: () => Promise<Reloaded>;
  readonly taps: Taps;
}

/** The name of the admin endpoints in the log. */
export const ADMIN = 'admin';

/** The admin endpoints of a satellite, and what they record about it. */
export class Admin {
  readonly meter: FlightMeter;
  readonly #of: Administered;
  readonly #events = new EventStream();
  #server: AdminServer | undefined;
  #watch: OverloadWatch | undefined;

  constructor(administered: Administered) {
    this.#of = administered;
    this.meter = new FlightMeter(administered.clock, administered.flight, administered.taps);
  }

  /** Call it with every event of the flight. */
  take(event: SputnikEvent): void {
    this.meter.take(event);
    this.#events.take(event);
    if (event.type === 'landing') this.#of.taps.end('the satellite lands');
  }

  /** Call it with every event of the nested satellites. */
  takeNested(path: string, event: SputnikEvent): void {
    this.meter.record.takeNested(path, event);
  }

  /** Opens the listener, and logs its address. From now on overloads are logged, too. Rejects with an Error that names the place and says what to do. */
  async listen(log: Logger): Promise<void> {
    const { settings, clock, flight } = this.#of;
    this.#watch = new OverloadWatch(clock, flight, log);
    const { host, socket, hosts, tokenFile, unprotected } = settings;
    const access = { viaSocket: socket !== undefined, loopback: isLoopback(host), unprotected, hosts, tokenFile };
    const own = log.child?.({ block: ADMIN }) ?? log;
    const server = new AdminServer(endpointsOf(this.#served), access, own);
    this.#server = server;
    if (socket === undefined) await this.#listenAt(server, own);
    else await this.#listenOn(server, socket, own);
    server.server.on('error', (error) => own.error({ event: 'adminFailed', error }, 'the admin endpoints failed'));
  }

  async close(): Promise<void> {
    this.meter.close();
    this.#watch?.close();
    this.#events.close();
    if (this.#server?.server.listening) await this.#server.close();
  }

  async #listenAt({ server }: AdminServer, log: Logger): Promise<void> {
    const { host, port } = this.#of.settings;
    const place = placeOf({ address: host, port });
    const fd = await passedSocket({ protocol: 'tcp', host, port });
    await bind(`TCP ${place}`, server, () => server.listen(fd === undefined ? { host, port } : { fd }));
    const bound = (server.address() as { readonly port: number }).port;
    const url = `http://${placeOf({ address: host, port: bound })}/`;
    const passed = fd !== undefined;
    const text = `admin endpoints and page on ${url}${passed ? PASSED : ''}`;
    log.info({ event: 'listening', protocol: 'admin', host, port: bound, passed }, text);
  }

  async #listenOn({ server }: AdminServer, path: string, log: Logger): Promise<void> {
    const fd = await passedSocket({ protocol: 'unix', path });
    if (fd !== undefined) await bind(`Unix socket ${path}`, server, () => server.listen({ fd }));
    else await this.#makeSocket(server, path);
    const passed = fd !== undefined;
    const text = `admin endpoints on Unix socket ${path}${passed ? PASSED : ''}`;
    log.info({ event: 'listening', protocol: 'admin', path, passed }, text);
  }

  async #makeSocket(server: AdminServer['server'], path: string): Promise<void> {
    await clearPath(path);
    await bind(`Unix socket ${path}`, server, () => privately(() => server.listen(path)), PATH_ADVICE);
    await chmod(path, Number.parseInt(this.#of.settings.mode, 8));
    server.once('close', () => void rm(path, { force: true }));
  }

  get #served(): Parameters<typeof endpointsOf>[0] {
    const {
      name,
      settings,
      wiring,
      flight,
      metrics,
      url,
      nested,
      landingSoon,
      logLevel,
      lines,
      configurations,
      reload,
      taps,
    } = this.#of;
    const watched: Watched = {
      name,
      version: VERSION,
      meter: this.meter,
      wiring,
      lines,
      readyz: settings.readyz,
      flight,
      metrics,
      url,
      nested,
      landingSoon: () => landingSoon.aborted,
      logLevel: () => logLevel?.current,
    };
    return { watched, events: this.#events, configurations, logLevel, reload, taps };
  }
}
