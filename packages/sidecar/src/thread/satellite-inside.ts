import {
  SputnikError,
  systemClock,
  type BlockDescriptor,
  type LandingCause,
  type LandingReport,
  type Logger,
} from '@sputnikjs/core';
import { AddressBook, isInside } from '../folder/address-book.js';
import type { Reader } from '../folder/reader.js';
import { checkSatellite } from '../folder/satellite-check.js';
import { readFrom, type Origin } from '../folder/satellite-reading.js';
import type { SatelliteSetup } from '../folder/setup.js';
import type { AssembledSatellite } from '../satellite/assembled-satellite.js';
import { assemble, type Shared } from '../satellite/assembly.js';
import { destinationsBelow, type DestinationOf } from '../satellite/level.js';
import { Names } from '../satellite/names.js';
import { logOfBlocks } from '../log/satellite-log.js';
import { OwnedConnector } from '../satellite/owned-connector.js';
import type { Acknowledgements } from '../remote/acknowledgements.js';
import { makeThreads } from './make-threads.js';
import type { Outbox } from '../remote/outbox.js';
import type { ThreadData } from './thread-data.js';

/** What a satellite in its thread is made from. */
export interface InsideOptions {
  readonly data: ThreadData;
  readonly log: Logger;
  readonly outbox: Outbox;
  readonly acknowledgements: Acknowledgements;
  readonly landingSoon: AbortSignal;
  /** Has the main thread read a configuration, for a folder that only the main thread can read. */
  readonly read: (folder: string, name: string) => ReturnType<Reader['read']>;
  readonly onEvent: (path: string, event: unknown) => void;
  /** Called when something happens that lands the enclosing satellite. */
  readonly landsAround: (cause: LandingCause, inside: LandingCause | undefined) => void;
}

/** A satellite in its thread. It is set up there a second time, flies and lands. */
export class SatelliteInside {
  readonly #of: InsideOptions;
  readonly #names = new Map<string, Names>();
  readonly #book = new AddressBook();
  readonly #inside: DestinationOf;
  #top: AssembledSatellite | undefined;
  #owned: OwnedConnector | undefined;
  #isFlying = false;

  constructor(of: InsideOptions) {
    this.#of = of;
    this.#inside = destinationsBelow(of.data.path, () => this.#top);
    for (const { path, blocks, nested, clones } of of.data.book) this.#book.add(path, blocks, nested, clones);
  }

  /** Undefined until it boots. */
  get assembled(): AssembledSatellite | undefined {
    return this.#top;
  }

  /** Where its own server is, if that is known. */
  get url(): string | undefined {
    return this.#owned?.url;
  }

  /** Where messages for a satellite go at present. Those for a satellite outside go through the outbox. */
  readonly destinationOf: DestinationOf = (path) => {
    const { data, outbox } = this.#of;
    if (isInside(data.path, path)) return this.#inside(path);
    const outside = {
      communicator: (responsibility: string, from: BlockDescriptor) => outbox.communicator(path, responsibility, from),
    };
    return () => outside;
  };

  async boot(): Promise<void> {
    const { data, log, acknowledgements, landingSoon, landsAround, onEvent } = this.#of;
    const { path } = data;
    const setup = await this.#setUp();
    const shared: Shared = {
      book: this.#book,
      destinationOf: this.destinationOf,
      clock: systemClock,
      log,
      namesOf: (one) => this.#namesOf(one),
      landingSoon,
      observer: acknowledgements,
      onEvent: (satellite, event) => onEvent(satellite.setup.path, event),
      hearing: data.hearing,
      threadMaker: makeThreads,
      remotePart: ({ path: inner }) => {
        throw new Error(`satellite ${inner} cannot run in a process of its own inside one in a thread`);
      },
    };
    this.#owned = setup.connector && new OwnedConnector(setup.connector);
    const top = await assemble(
      setup,
      {
        connector: this.#owned,
        timeouts: setup.settings.timeouts,
        signals: false,
        log: logOfBlocks(path, log),
        landingSoon,
        observer: acknowledgements,
        landAround: (cause) => {
          // as of any nested satellite
          if (!this.#isFlying || (cause.kind === 'failure' && data.restarts)) return false;
          const inside = top.cause(cause);
          landsAround(cause, inside === cause ? undefined : inside);
          return true;
        },
        onEvent: (event) => {
          if (event.type === 'landing') this.#isFlying = false;
          onEvent(path, event);
        },
      },
      shared,
    );
    this.#top = top;
    try {
      await this.#owned?.start(logOfBlocks(path, log));
      await top.flight.boot();
    } catch (error) {
      await top.flight.shootDown(error);
      await this.#owned?.release();
      throw error;
    }
  }

  async launch(): Promise<LandingReport | undefined> {
    this.#isFlying = true;
    return await this.#top?.flight.launch();
  }

  async release(): Promise<void> {
    await this.#owned?.release();
  }

  /** Sets the satellite up with the values that were checked. The folder may have changed since. */
  async #setUp(): Promise<SatelliteSetup> {
    const read = await readFrom(this.#origin());
    if (read.value === undefined) throw badSetup(read.problems);
    const found = await checkSatellite(read.value, undefined, this.#book);
    const problems = [...read.problems, ...found.problems];
    if (problems.length > 0) throw badSetup(problems);
    return found.setup;
  }

  #origin(): Origin {
    const { data, read } = this.#of;
    const { options, around } = data.origin;
    if (options.cf === undefined || !data.readsElsewhere) return data.origin;
    const dialect = (folder: Reader): Reader => {
      const { path } = folder as Reader & { readonly path: string };
      return {
        read: (name) => read(path, name),
        place: (name) => folder.place(name),
        missing: (names) => folder.missing(names),
        strays: (known) => folder.strays(known),
      };
    };
    return { options: { ...options, dialect }, around };
  }

  #namesOf(path: string): Names {
    const names = this.#names.get(path) ?? new Names(path, this.#book);
    this.#names.set(path, names);
    return names;
  }
}

function badSetup(problems: readonly string[]): SputnikError {
  return new SputnikError('BAD_SETUP', undefined, { problems });
}
