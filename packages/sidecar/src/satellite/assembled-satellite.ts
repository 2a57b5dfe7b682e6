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

/** Of nested satellites it is not shown: they listen to no signals, and their connections are shown apart. */
const INFRASTRUCTURE: ReadonlySet<string> = new Set([FINISHER, CONNECTOR]);

/** A satellite as it was made once, with those inside it: it boots, flies, lands, and is not used again. */
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

  /** Its blocks, and those of the satellites inside it, in the order of initialisation. */
  blocks(): readonly BlockStatus[] {
    return this.flight.status().blocks.flatMap((block): readonly BlockStatus[] => {
      if (this.#isNested && INFRASTRUCTURE.has(block.responsibility)) return [];
      if (block.name === SATELLITE) return this.nested.get(block.responsibility)?.blocks() ?? [];
      return [{ ...block, ...this.#names.of(block) }];
    });
  }

  /** The numbers that these blocks give. */
  metrics(): readonly BlockMetrics[] {
    return this.flight.metrics().flatMap(({ block, metrics }): readonly BlockMetrics[] => {
      if (block.name === SATELLITE) return this.nested.get(block.responsibility)?.metrics() ?? [];
      return [{ block: this.#names.of(block), metrics }];
    });
  }

  /** The blocks that take messages, of this satellite and of those inside it. */
  hearing(): readonly Kept[] {
    const own = this.flight.status().blocks.filter(({ capacity }) => capacity > 0);
    const inner = [...this.nested].flatMap(([name, one]) =>
      one.hearing().map((block) => ({ ...block, path: inside(name, block.path) })),
    );
    return [...own.map((block) => ({ ...block, path: '' })), ...inner];
  }

  /** Why it landed: where something inside a nested satellite was the cause, that. */
  cause(cause: LandingCause): LandingCause {
    const { name, responsibility = '' } = cause.block ?? {};
    return (name === SATELLITE && this.nested.get(responsibility)?.cause()) || cause;
  }

  /** What its landing has left behind, and what the satellites inside it have; of its own nothing before it has landed. */
  leftovers(report: LandingReport | undefined = this.#report): Leftovers {
    const { unfinished = [], failures = [], dropped = [] } = report ?? {};
    // what failed inside a satellite is told by that
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
