import type { BlockStatus, FlightStatus } from '@sputnikjs/core';
import { duration } from './durations.js';
import type { FlightRecord } from './flight-record.js';
import type { NestedState } from './nested-state.js';
import { ServerRecord } from './server-record.js';
import type { Health, HealthCheck } from './status.js';

/** When a satellite counts as ready. */
export interface ReadyzSettings {
  /** Not ready while the server is away. */
  readonly requireServer: boolean;
  /** Not ready while a message has waited for longer, in milliseconds. */
  readonly maxAgeMs: number;
}

/** The facts to judge. */
export interface Judged {
  readonly flight: FlightStatus | undefined;
  /** The nested satellites. */
  readonly nested: readonly NestedState[];
  readonly record: FlightRecord;
  readonly oldestMs: number;
  /** A landing has been announced, and not begun. */
  readonly landingSoon: boolean;
}

/** A check with its two texts: `good` if it passes, `bad` if not. */
const check = (name: HealthCheck['name'], ok: boolean, good: string, bad: string): HealthCheck => ({
  name,
  ok,
  text: ok ? good : bad,
});

const verdict = (...checks: readonly HealthCheck[]): Health => ({ ok: checks.every(({ ok }) => ok), checks });

/** Whether its start is over. */
export function started(judged: Judged): Health {
  return verdict(startedCheck(judged));
}

/** Whether it works. An answer shows that the event loop turns. The state of the server does not count: a restart would not help. */
export function alive({ record: { fatal } }: Pick<Judged, 'record'>): Health {
  return verdict(check('failure', fatal === undefined, 'no block has failed', `${fatal}`));
}

/** Whether it is ready for messages. */
export function ready(judged: Judged, { requireServer, maxAgeMs }: ReadyzSettings): Health {
  const { flight, nested, record, oldestMs, landingSoon } = judged;
  const isLanding = landingSoon || record.landing !== undefined;
  const cause = record.landing?.cause ?? 'a signal';
  const connection = flight?.connection ?? 'none';
  return verdict(
    startedCheck(judged),
    check('landing', !isLanding, 'it is not landing', `it lands: ${cause}`),
    ...(requireServer && connection !== 'none'
      ? [check('server', connection === 'connected', 'the server is connected', missing(connection, record.server))]
      : []),
    ...(requireServer ? nested.flatMap((one) => nestedServerCheck(one, record)) : []),
    ...nested.flatMap(({ path, problem }) =>
      problem === undefined ? [] : [check('processes', false, '', `${path}: ${problem}`)],
    ),
    check(
      'delivery',
      oldestMs <= maxAgeMs,
      'no message waits for long',
      `the oldest message has waited for ${duration(oldestMs)}; more than ${duration(maxAgeMs)} is too long`,
    ),
  );
}

function startedCheck({ flight, record }: Judged): HealthCheck {
  const now = flight?.blocks.filter(isInitializing).map(({ responsibility }) => responsibility) ?? [];
  const what = now.length === 0 ? '' : `; it waits for ${now.join(', ')}`;
  const bad = `not all blocks are initialised${what}`;
  return check('started', record.launchedAt !== undefined, 'all blocks are initialised', bad);
}

const isInitializing = ({ state }: BlockStatus): boolean => state === 'initializing';

/** The check of the own server of a nested satellite. */
function nestedServerCheck({ path, connection }: NestedState, { servers }: FlightRecord): readonly HealthCheck[] {
  if (connection === undefined) return [];
  const ok = connection === 'connected';
  const bad = missing(connection, servers.get(path) ?? new ServerRecord());
  return [check('server', ok, `the server of ${path} is connected`, `${path}: ${bad}`)];
}

/** Why there is no connection. */
function missing(connection: FlightStatus['connection'], server: ServerRecord): string {
  if (connection === 'idle') return 'it connects to the server after all blocks are initialised';
  if (!server.away) return 'it connects to the server for the first time';
  return `the server has been away for ${duration(Date.now() - server.since)}`;
}
