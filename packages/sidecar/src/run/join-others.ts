import { systemClock, type Logger, type MessageObserver, type SputnikEvent } from '@sputnikjs/core';
import type { NestedState } from '../admin/nested-state.js';
import { inside } from '../folder/address-book.js';
import { JOIN } from '../folder/connector-conf.js';
import type { Setup } from '../folder/setup.js';
import type { EventLog, Surroundings } from '../log/logs.js';
import { logOfSatellite } from '../log/satellite-log.js';
import type { JoinedProcess } from '../process/joined-process.js';
import { isOfConnection } from '../satellite/connection-events.js';
import type { DestinationOf } from '../satellite/level.js';
import { Names } from '../satellite/names.js';
import { OwnedConnector } from '../satellite/owned-connector.js';
import { hearingOf } from '../satellite/whole-satellite.js';

/** What it is made with. */
interface JoiningOptions {
  /** Where messages go for satellites of this process. */
  readonly whereIs: DestinationOf;
  readonly log: Logger;
  readonly observer: MessageObserver | undefined;
  readonly makeLog: (log: Logger, around: Surroundings) => EventLog;
  /** Is told of the connection that joins. */
  readonly ofServer: (event: SputnikEvent) => void;
}

/** The other processes of a satellite, and the connection to them. */
export interface Others {
  readonly joined: JoinedProcess;
  /** How the connection is, shown as that of a satellite. */
  nested(): readonly NestedState[];
  release(): Promise<void>;
}

/** Joins this process to the others, where the satellite has several. Returns undefined, and loads nothing for it, if it has one. */
export async function joinOthers(setup: Setup, options: JoiningOptions): Promise<Others | undefined> {
  const { parts, join, whole, path, root, book, ownWiring } = setup;
  if (parts.length === 1 || join === undefined) return undefined;
  const { whereIs, log, observer, makeLog, ofServer } = options;
  const connector = new OwnedConnector(join.connector);
  const url = (): string | undefined => connector.url;
  const events = makeLog(logOfSatellite(JOIN, log), { status: () => undefined, url });
  const processes = await import('../process/joined-process.js');
  const joined = await processes.JoinedProcess.prepare({
    whole,
    path,
    parts,
    hearing: hearingOf(root),
    needed: new Set(ownWiring.flatMap(({ needs }) => needs.map(({ to }) => to))),
    destinationOf: whereIs,
    connector,
    timeouts: setup.settings.timeouts,
    clock: systemClock,
    log,
    observerOf: (to) => observer && new Names(to, book).ofObserver(observer),
    onEvent: (event) => {
      if (!isOfConnection(event)) return;
      events.take(event);
      ofServer(event);
    },
  });
  const nested = (): readonly NestedState[] => {
    const { state: flies, connection } = joined.status();
    const { problem } = joined;
    const state = problem === undefined ? flies : 'incompatible';
    return [{ path: inside(path, JOIN), state, restarted: 0, connection, url: url(), thread: undefined, problem }];
  };
  return { joined, nested, release: () => connector.release() };
}
