import {
  SputnikError,
  type BlockDefinition,
  type BlockMetrics,
  type BlockStatus,
  type FlightStatus,
  type LandingCause,
  type LandingReport,
  type SputnikEvent,
  type SputnikOptions,
} from '@sputnikjs/core';
import type { NestedSetup, SatelliteSetup, Setup } from '../folder/setup.js';
import type { AssembledSatellite } from './assembled-satellite.js';
import { assemble, type Hearing, type Shared } from './assembly.js';
import { isClean, together, type Leftovers } from './leftovers.js';
import { logOfBlocks } from '../log/satellite-log.js';
import { destinationsBelow, type DestinationOf, type Level } from './level.js';
import { Names } from './names.js';
import type { MadeSatellite, Nested, NestedPart } from './made-satellite.js';

/** Other processes, which run parts of the satellite. */
export interface OtherProcesses {
  /** The block that joins them, and is the first of all. */
  readonly block: BlockDefinition;
  /** Where messages go for a satellite that is elsewhere; undefined for one that is here. */
  elsewhere(path: string): ReturnType<DestinationOf> | undefined;
  /** What stands here for a satellite that runs elsewhere. */
  remotePart(setup: NestedSetup): NestedPart;
  /** Blocks there that blocks here send to, with what waits for them here. */
  blocks(): readonly BlockStatus[];
  /** What is left of messages for them. */
  leftovers(): Leftovers;
}

/** What a whole satellite is assembled with. */
export interface WholeOptions extends Pick<Shared, 'clock' | 'log' | 'landingSoon' | 'observer' | 'threadMaker'> {
  /** Nothing if this process runs all of it. */
  readonly others?: OtherProcesses | undefined;
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
  #others: OtherProcesses | undefined;
  #names!: Names;

  /** Makes all of them. Rejects with BAD_SETUP. */
  static async assemble(setup: Setup, options: WholeOptions): Promise<WholeSatellite> {
    const whole = new WholeSatellite();
    const names = new Map<string, Names>();
    const namesOf = (path: string): Names => {
      const known = names.get(path) ?? new Names(path, setup.book);
      names.set(path, known);
      return known;
    };
    const here = destinationsBelow(setup.path, () => whole.level);
    const destinationOf: DestinationOf = (path) => options.others?.elsewhere(path) ?? here(path);
    const { own, onEvent, onNestedEvent, others, observer, log, ...rest } = options;
    const top = namesOf(setup.path);
    whole.#names = top;
    const listen = (event: SputnikEvent): void => onEvent(whole.#told(event));
    const hearing = hearingOf(setup.root);
    const remotePart = (inner: NestedSetup): NestedPart => {
      if (others === undefined) throw new Error(`nothing joins satellite ${inner.path} to this process`);
      return others.remotePart(inner);
    };
    const shared = {
      ...rest,
      remotePart,
      observer,
      log,
      book: setup.book,
      namesOf,
      destinationOf,
      hearing,
      onEvent: onNestedEvent,
    };
    const { landingSoon, clock } = rest;
    const ofFlight = {
      ...own,
      landingSoon,
      clock,
      log: setup.path === '' ? log : logOfBlocks(setup.path, log),
      observer: observer && (setup.path === '' ? observer : top.ofObserver(observer)),
      onEvent: listen,
    };
    whole.#others = others;
    whole.#top = await assemble(others ? withFirst(setup, others.block) : setup, ofFlight, shared, 'top');
    return whole;
  }

  /** Undefined until it is assembled. */
  get level(): Level | undefined {
    return this.#top;
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
    const elsewhere = this.#others?.blocks() ?? [];
    return { ...this.#assembled.flight.status(), blocks: [...elsewhere, ...this.#assembled.blocks()] };
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
    if (event.type === 'landing') return { ...event, cause: this.#causeOf(event.cause) };
    return this.#names.ofEvent(event);
  }

  #reportOfAll(report: LandingReport): LandingReport {
    // blocks are called by their addresses in the outermost satellite, whichever process the report is of
    const own = this.#assembled.leftovers(this.#names.ofReport(report));
    const left = together([own, this.#others?.leftovers() ?? together([])]);
    return { ...report, cause: this.#causeOf(report.cause), ...left, clean: isClean(left) };
  }

  /** Names the block at fault, if that is in a nested satellite. */
  #causeOf(cause: LandingCause): LandingCause {
    const inner = this.#assembled.cause(cause);
    return inner === cause ? this.#names.ofCause(cause) : inner;
  }

  #rethrow(error: unknown): never {
    if (!(error instanceof SputnikError) || error.report === undefined) throw error;
    const report = this.#reportOfAll(error.report as LandingReport);
    throw Object.defineProperty(error, 'report', { value: report, enumerable: true });
  }
}

/** The satellite, with a block before all others. */
function withFirst(setup: Setup, block: BlockDefinition): Setup {
  const { appBlocks, blockFactories } = setup.sputnik;
  const { name } = block;
  const sputnik = {
    ...setup.sputnik,
    appBlocks: [{ name }, ...appBlocks],
    blockFactories: { ...blockFactories, [name]: block },
  };
  return { ...setup, sputnik };
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
