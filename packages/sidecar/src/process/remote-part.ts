import type { AnyBlock, BlockMetrics, BlockStatus, LandingCause } from '@sputnikjs/core';
import type { NestedSetup } from '../folder/setup.js';
import { together, type Leftovers } from '../satellite/leftovers.js';
import type { Level } from '../satellite/level.js';
import type { Nested, NestedPart } from '../satellite/made-satellite.js';
import type { Kept } from '../satellite/waiting-room.js';
import type { Delivery } from './delivery.js';

/** Stands for a satellite that runs in other processes, at its place among the blocks. */
export class RemotePart implements NestedPart {
  readonly setup: NestedSetup;
  readonly #delivery: Delivery;
  readonly assembled: { readonly nested: ReadonlyMap<string, Nested> } = { nested: new Map() };
  readonly restarted = 0;
  readonly connection: undefined;
  readonly url: undefined;
  readonly thread: undefined;

  constructor(setup: NestedSetup, delivery: Delivery) {
    this.setup = setup;
    this.#delivery = delivery;
  }

  get current(): Level {
    return this.#delivery.level;
  }

  get state(): Nested['state'] {
    if (this.instances > 0) return 'flying';
    return this.problem === undefined ? 'absent' : 'incompatible';
  }

  get problem(): string | undefined {
    return this.#delivery.problem;
  }

  get instances(): number {
    return this.#delivery.instances;
  }

  get status(): Nested['status'] {
    return { state: this.instances > 0 ? 'flying' : 'preparing', connection: 'none' };
  }

  /** It is started and ended where it runs. */
  block(): Partial<AnyBlock> {
    return {};
  }

  /** What waits for its blocks here, the process says as a whole. */
  blocks(): readonly BlockStatus[] {
    return [];
  }

  metrics(): readonly BlockMetrics[] {
    return [];
  }

  /** Their messages wait in the delivery, also while an enclosing satellite restarts. */
  hearing(): readonly Kept[] {
    return [];
  }

  cause(): LandingCause | undefined {
    return undefined;
  }

  /** What the landing leaves of its messages, the process says as a whole. */
  leftovers(): Leftovers {
    return together([]);
  }
}
