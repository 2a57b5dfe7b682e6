import type { Failure, LandingReport, SputnikEvent } from '@sputnikjs/core';
import { causeText, places } from '../log/record.js';
import { chain } from '../text.js';
import { ServerRecord } from './server-record.js';

/** How many messages were lost, and the last failure. It is put into words when somebody looks: of a flood that takes longer than all else. */
export interface Loss {
  readonly count: number;
  readonly last: Failure;
}

/** The record of a flight, from its events. */
export class FlightRecord {
  readonly server: ServerRecord = new ServerRecord();
  /** The connections of nested satellites that have their own, by path. */
  readonly servers: Map<string, ServerRecord> = new Map();
  /** Messages that failed without an asker, by responsibility. */
  readonly failed: Map<string, Loss> = new Map();
  readonly startedAt: number = Date.now();
  launchedAt: number | undefined;
  landing: { readonly cause: string; readonly since: number; waitsFor: readonly string[] } | undefined;
  report: LandingReport | undefined;
  /** The failure that ended the flight. */
  fatal: string | undefined;

  take(event: SputnikEvent): void {
    this.server.take(event);
    switch (event.type) {
      case 'launched':
        this.launchedAt = Date.now();
        break;
      case 'failed':
        if (event.decision === 'shutdown') this.fatal ??= failureText(event);
        if (event.lost > 0) this.#lose(event, event.lost);
        break;
      case 'landing':
        this.landing = {
          cause: causeText(event.cause),
          since: Date.now(),
          waitsFor: [],
        };
        break;
      case 'waiting':
        if (this.landing) this.landing.waitsFor = places(event.for);
        break;
      case 'landed':
        this.report = event.report;
        break;
      default:
    }
  }

  /** Notes an event of the own server of the nested satellite at `path`. Events of its blocks come with all others. */
  takeNested(path: string, event: SputnikEvent): void {
    const server = this.servers.get(path) ?? new ServerRecord();
    this.servers.set(path, server);
    server.take(event);
  }

  #lose(last: Failure, count: number): void {
    const { responsibility } = last.block;
    this.failed.set(responsibility, { count: (this.failed.get(responsibility)?.count ?? 0) + count, last });
  }
}

/** What failed, where, and why. */
export function failureText({ block, callback, error }: Failure): string {
  return `${block.responsibility} failed in ${callback}: ${chain(error)}`;
}
