import {
  CONNECTOR,
  Sputnik,
  SputnikError,
  systemClock,
  type EventListener,
  type Flight,
  type FlightStatus,
  type LandingReport,
  type Logger,
} from '@sputnikjs/core';
import { Cleaner } from './cleaner.js';
import { EventLog } from './logs.js';
import type { RunnerOptions } from './options.js';
import { OwnedConnector } from './owned-connector.js';
import { setUp, type Setup } from './setup.js';
import { textOf } from './text.js';

/** A satellite in flight. */
export interface Runner {
  /** Lands, and resolves with the report when all is released. May be called any number of times. */
  stop(reason?: unknown): Promise<LandingReport>;
  /**
   * Resolves with the report when the satellite has landed, for whatever cause, and all is released. Rejects with
   * BLOCK_FAILED if a block failed (F3).
   */
  wait(): Promise<LandingReport>;
  status(): FlightStatus;
}

/**
 * Checks the configuration, prepares the satellite and launches it; resolves once it flies. Rejects with BAD_CONFIG (every
 * problem in `problems`), INIT_FAILED or ABORTED, all released again.
 */
export async function startRunner<C = unknown>(options: RunnerOptions<C>): Promise<Runner> {
  return await fly(await setUp(options), options);
}

/** What {@link fly} takes of the runner's options. */
interface Aboard {
  readonly log?: Logger | undefined;
  readonly onEvent?: EventListener | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Prepares and launches what was set up. */
export async function fly({ sputnik, connector }: Setup, { log, onEvent, signal }: Aboard): Promise<Runner> {
  const cleaner = new Cleaner();
  const events = log && new EventLog(log, systemClock);
  cleaner.push(() => events?.close());
  let flight: Flight | undefined;
  try {
    const owned = connector && new OwnedConnector(connector);
    await start(owned, log);
    cleaner.push(() => owned?.release());
    const listen: EventListener = (event) => {
      events?.take(event, () => flight?.status(), owned?.url);
      onEvent?.(event);
    };
    flight = await new Sputnik({ ...sputnik, connector: owned, log, signal, onEvent: listen }).prepare();
  } catch (error) {
    await cleaner.clean();
    throw error;
  }
  return launch(flight, cleaner);
}

async function start(connector: OwnedConnector | undefined, log: Logger | undefined): Promise<void> {
  try {
    await connector?.start(log);
  } catch (error) {
    const block = { name: CONNECTOR, responsibility: CONNECTOR };
    throw new SputnikError('INIT_FAILED', `cannot start: ${textOf(error)}`, { block, callback: 'start', cause: error });
  }
}

function launch(flight: Flight, cleaner: Cleaner): Runner {
  const over = flyOn(flight, cleaner);
  // its failure is in the log and in the report; whoever wants it waits
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

async function flyOn(flight: Flight, cleaner: Cleaner): Promise<LandingReport> {
  try {
    return await flight.launch();
  } finally {
    await cleaner.clean();
  }
}
