import type { EventListener, Logger, SputnikEvent } from '@sputnikjs/core';
import type { EventLog, Surroundings } from '../log/logs.js';
import { logOfSatellite } from '../log/satellite-log.js';
import { isOfConnection } from '../satellite/connection-events.js';
import type { Nested } from '../satellite/made-satellite.js';

/** The listeners. */
export interface Listeners {
  /** Called with events of blocks. */
  readonly ofBlocks: EventListener;
  /** Called with events of the server of the satellite at a path. */
  readonly ofServer: (path: string, event: SputnikEvent) => void;
  readonly log: Logger | undefined;
  readonly makeLog: (log: Logger, around: Surroundings) => EventLog;
}

/**
 * Passes on the events of nested satellites: those of blocks like those of any other block, those of their servers with the name of the
 * satellite. Their launches and landings are not passed on: the enclosing satellite reports its own.
 */
export class NestedEvents {
  readonly #to: Listeners;
  readonly #logs = new Map<string, EventLog>();

  constructor(to: Listeners) {
    this.#to = to;
  }

  take(satellite: Nested, event: SputnikEvent): void {
    if (isOfConnection(event)) {
      this.#logOf(satellite)?.take(event);
      this.#to.ofServer(satellite.setup.path, event);
    } else if ('block' in event || event.type === 'waiting') this.#to.ofBlocks(event);
  }

  #logOf(satellite: Nested): EventLog | undefined {
    const { log: whole, makeLog } = this.#to;
    if (whole === undefined) return undefined;
    const { path } = satellite.setup;
    const status: Surroundings['status'] = () => ({ ...satellite.status, blocks: satellite.blocks() });
    const log = this.#logs.get(path) ?? makeLog(logOfSatellite(path, whole), { status, url: () => satellite.url });
    this.#logs.set(path, log);
    return log;
  }
}
