import type { BlockMetrics, FlightStatus } from '@sputnikjs/core';
import type { FlightRecord } from '../admin/flight-record.js';
import { lossesOf, ownLosses } from '../admin/losses.js';
import { lossText, serverText } from '../admin/summary.js';

/** The facts for the sentence. */
export interface Told {
  readonly record: FlightRecord;
  readonly flight: FlightStatus | undefined;
  readonly metrics: readonly BlockMetrics[];
  /** A landing has been announced. */
  readonly landingSoon: boolean;
}

/** The state of a satellite in a sentence, for `systemctl status`. The sentence stays there for a long time, so it says since when, not for how long. */
export function sentenceOf(told: Told): string {
  const { record, flight, metrics } = told;
  const lost = lossText(lossesOf(flight?.blocks ?? [], record.failed, ownLosses(metrics)));
  if (record.landing !== undefined || record.report !== undefined) return `${landingText(record)} ${lost}`;
  if (record.launchedAt === undefined) return startText(flight);
  const { away, history, since } = record.server;
  const server = serverText({ state: flight?.connection ?? 'none', away, history }, `since ${time(since)}`);
  return `Flying${told.landingSoon ? '; a landing is announced' : ''}. ${server} ${lost}`;
}

function landingText({ landing, report }: FlightRecord): string {
  const after = landing === undefined ? '' : ` after ${landing.cause}`;
  if (report !== undefined) return `Landed${after}, ${report.clean ? 'clean' : 'not clean'}.`;
  const { since = 0, waitsFor = [] } = landing ?? {};
  return `Landing since ${time(since)}${after}${waitsFor.length > 0 ? `; waits for ${waitsFor.join(', ')}` : ''}.`;
}

function startText(flight: FlightStatus | undefined): string {
  const now = flight?.blocks.find(({ state }) => state === 'initializing');
  return now === undefined ? 'Starting.' : `Starting: initialises ${now.responsibility}.`;
}

/** Date and local time. */
function time(ms: number): string {
  const offsetMs = new Date(ms).getTimezoneOffset() * 60_000;
  return new Date(ms - offsetMs).toISOString().slice(0, 19).replace('T', ' ');
}
