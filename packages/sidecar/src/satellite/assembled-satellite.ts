import {
  CONNECTOR,
  FINISHER,
  type BlockDescriptor,
  type BlockMetrics,
  type BlockStatus,
  type Flight,
  type LandingCause,
  type LandingReport,
} from '@sputnikjs/core';
import { inside } from '../folder/address-book.js';
import { SATELLITE } from '../folder/blocks.js';
import { together, type Leftovers } from './leftovers.js';
import type { Names } from './names.js';
import type { MadeSatellite, NestedPart } from './made-satellite.js';
import type { Kept } from './waiting-room.js';

/** Blocks of Sputnik itself. Status leaves them out for nested satellites: these listen to no signals, and their connections are shown apart. */
const INFRASTRUCTURE: ReadonlySet<string> = new Set([FINISHER, CONNECTOR]);

/** One made satellite, with its nested satellites. It boots, flies and lands once; a restart makes another one. */
export class AssembledSatellite implements MadeSatellite {
  readonly flight: Flight;
  /** By address. */
  readonly nested: ReadonlyMap<string, NestedPart>;
  readonly #names: Names;
  readonly #isNested: boolean;
  #report: LandingReport | undefined;

  /** `place` says whether a satellite is around it in this process. */
  constructor(flight: Flight, nested: ReadonlyMap<string, NestedPart>, names: Names, place: 'nested' | 'top') {
    this.flight = flight;
    this.nested = nested;
    this.#names = names;
    this.#isNested = place === 'nested';
    void flight.landed.then((report) => (this.#report = names.ofReport(report)));
  }

  /** Its blocks and those of its nested satellites, in the order of initialisation. */
  blocks(): readonly BlockStatus[] {
    return this.flight.status().blocks.flatMap((block): readonly BlockStatus[] => {
      if (this.#isNested && INFRASTRUCTURE.has(block.responsibility)) return [];
      if (block.name === SATELLITE) return this.nested.get(block.responsibility)?.blocks() ?? [];
      return [{ ...block, ...this.#names.of(block) }];
    });
  }

  /** The metrics of these blocks. */
  metrics(): readonly BlockMetrics[] {
    return this.flight.metrics().flatMap(({ block, metrics }): readonly BlockMetrics[] => {
      if (block.name === SATELLITE) return this.nested.get(block.responsibility)?.metrics() ?? [];
      return [{ block: this.#names.of(block), metrics }];
    });
  }

  /** The blocks that take messages, of this satellite and its nested satellites. */
  hearing(): readonly Kept[] {
    const own = this.flight.status().blocks.filter(({ capacity }) => capacity > 0);
    const inner = [...this.nested].flatMap(([name, one]) =>
      one.hearing().map((block) => ({ ...block, path: inside(name, block.path) })),
    );
    return [...own.map((block) => ({ ...block, path: '' })), ...inner];
  }

  /** Why it landed. Names the block at fault, if that is in a nested satellite. */
  cause(cause: LandingCause): LandingCause {
    const { name, responsibility = '' } = cause.block ?? {};
    return (name === SATELLITE && this.nested.get(responsibility)?.cause()) || cause;
  }

  /** What its landing, and those of its nested satellites, have left behind. Its own part is empty until it has landed. */
  leftovers(report: LandingReport | undefined = this.#report): Leftovers {
    const { unfinished = [], failures = [], dropped = [] } = report ?? {};
    // a nested satellite reports its own failures
    const own = failures.filter(({ block, error }) => block.name !== SATELLITE || !this.#isOfInside(block, error));
    return together([
      { unfinished, failures: own, dropped },
      ...[...this.nested.values()].map((one) => one.leftovers()),
    ]);
  }

  #isOfInside({ responsibility }: BlockDescriptor, error: unknown): boolean {
    const nested = [...this.nested.values()].find(({ setup }) => setup.path === responsibility);
    const cause = (nested ?? this.nested.get(responsibility))?.cause();
    return cause?.kind === 'failure' && cause.reason === error;
  }
}
