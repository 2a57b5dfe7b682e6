import {
  SputnikError,
  type BlockMetrics,
  type FlightStatus,
  type LandingReport,
  type SputnikEvent,
  type SputnikOptions,
} from '@sputnikjs/core';
import type { SatelliteSetup, Setup } from '../folder/setup.js';
import type { AssembledSatellite } from './assembled-satellite.js';
import { assemble, type Hearing, type Shared } from './assembly.js';
import { isClean } from './leftovers.js';
import { levelAt, partsOf } from './level.js';
import { Names } from './names.js';
import type { MadeSatellite, Nested } from './made-satellite.js';

/** What a whole satellite is assembled with. */
export interface WholeOptions extends Pick<Shared, 'clock' | 'log' | 'landingSoon' | 'observer' | 'threadMaker'> {
  /** Options of the outermost satellite. */
  readonly own: Partial<SputnikOptions>;
  /** Called with the events of the outermost satellite. The report covers all satellites. */
  readonly onEvent: (event: SputnikEvent) => void;
  /** Called with the events of each nested satellite. */
  readonly onNestedEvent: Shared['onEvent'];
}

/** A satellite with all its nested satellites, as one flight. */
export class WholeSatellite {
  #top: AssembledSatellite | undefined;

  /** Makes all of them. Rejects with BAD_SETUP. */
  static async assemble(setup: Setup, options: WholeOptions): Promise<WholeSatellite> {
    const whole = new WholeSatellite();
    const names = new Map<string, Names>();
    const namesOf = (path: string): Names => {
      const known = names.get(path) ?? new Names(path, setup.book);
      names.set(path, known);
      return known;
    };
    const destinationOf: Shared['destinationOf'] = (path) => {
      const parts = partsOf(path);
      return () => levelAt(whole.#top, parts)?.flight;
    };
    const { own, onEvent, onNestedEvent, ...others } = options;
    const listen = (event: SputnikEvent): void => onEvent(whole.#told(event));
    const hearing = hearingOf(setup);
    const shared = { ...others, book: setup.book, namesOf, destinationOf, hearing, onEvent: onNestedEvent };
    const { threadMaker: _, ...ofFlight } = others;
    whole.#top = await assemble(setup, { ...own, ...ofFlight, onEvent: listen }, shared);
    return whole;
  }

  boot(): Promise<void> {
    return this.#assembled.flight.boot().catch((error: unknown) => this.#rethrow(error));
  }

  async launch(): Promise<LandingReport> {
    return this.#reportOfAll(await this.#assembled.flight.launch().catch((error: unknown) => this.#rethrow(error)));
  }

  async shootDown(reason?: unknown): Promise<LandingReport> {
    return this.#reportOfAll(await this.#assembled.flight.shootDown(reason));
  }

  /** State and connection of the outermost satellite, with the blocks of all. */
  status(): FlightStatus {
    return { ...this.#assembled.flight.status(), blocks: this.#assembled.blocks() };
  }

  metrics(): readonly BlockMetrics[] {
    return this.#assembled.metrics();
  }

  /** All nested satellites, outer ones first. */
  nested(): readonly Nested[] {
    return this.#top === undefined ? [] : nestedIn(this.#top);
  }

  get #assembled(): AssembledSatellite {
    if (this.#top === undefined) throw new Error('the satellite is not assembled yet');
    return this.#top;
  }

  #told(event: SputnikEvent): SputnikEvent {
    if (event.type === 'landed') return { ...event, report: this.#reportOfAll(event.report) };
    if (event.type === 'landing') return { ...event, cause: this.#assembled.cause(event.cause) };
    return event;
  }

  #reportOfAll(report: LandingReport): LandingReport {
    const left = this.#assembled.leftovers(report);
    return { ...report, cause: this.#assembled.cause(report.cause), ...left, clean: isClean(left) };
  }

  #rethrow(error: unknown): never {
    if (!(error instanceof SputnikError) || error.report === undefined) throw error;
    const report = this.#reportOfAll(error.report as LandingReport);
    throw Object.defineProperty(error, 'report', { value: report, enumerable: true });
  }
}

/** The blocks that take messages, of a satellite and all its nested satellites. */
export function hearingOf({ path, made, nested }: SatelliteSetup): readonly Hearing[] {
  const own = made
    .filter(({ capacity }) => capacity > 0)
    .map(({ name, responsibility, capacity, mailbox: { whenFull = 'reject', concurrency = 1, batch = 1 } }) => {
      return { path, name, responsibility, capacity, whenFull, atOnce: concurrency * batch };
    });
  return [...own, ...[...nested.values()].flatMap(hearingOf)];
}

/** All nested satellites of one, outer ones first. */
export function nestedIn({ nested }: Pick<MadeSatellite, 'nested'>): readonly Nested[] {
  return [...nested.values()].flatMap((one) => [one, ...nestedIn(one.assembled)]);
}
