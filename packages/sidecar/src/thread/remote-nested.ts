import { isInside } from '../folder/address-book.js';
import { levelOf } from '../remote/level-of.js';
import type { BlockStatus, FlightStatus } from '@sputnikjs/core';
import type { NestedSetup, SatelliteSetup } from '../folder/setup.js';
import type { Level } from '../satellite/level.js';
import type { Nested, ThreadLoad } from '../satellite/made-satellite.js';
import type { Outbox } from '../remote/outbox.js';
import type { Snapshot } from '../remote/wire.js';

/** The last that is known about a thread. */
export interface Known {
  readonly snapshot: Snapshot | undefined;
  blocks(): readonly BlockStatus[];
}

/** The nested satellites of a satellite in a thread, by address. */
export function remoteNested(setup: SatelliteSetup, outbox: Outbox, known: Known): ReadonlyMap<string, RemoteNested> {
  return new Map([...setup.nested].map(([name, one]) => [name, new RemoteNested(one, outbox, known)]));
}

/** A nested satellite of a satellite in a thread. */
export class RemoteNested implements Nested {
  readonly setup: NestedSetup;
  readonly current: Level;
  readonly assembled: { readonly nested: ReadonlyMap<string, Nested> };
  readonly #known: Known;

  constructor(setup: NestedSetup, outbox: Outbox, known: Known) {
    this.setup = setup;
    this.current = levelOf(setup, outbox);
    this.assembled = { nested: remoteNested(setup, outbox, known) };
    this.#known = known;
  }

  get #instant(): Snapshot['nested'][number] | undefined {
    return this.#known.snapshot?.nested.find(({ path }) => path === this.setup.path);
  }

  get restarted(): number {
    return this.#instant?.restarted ?? 0;
  }

  get state(): Nested['state'] {
    return this.#instant?.state ?? 'preparing';
  }

  get connection(): FlightStatus['connection'] | undefined {
    return this.setup.connector && this.status.connection;
  }

  get status(): Pick<FlightStatus, 'state' | 'connection'> {
    const { flies = 'preparing', connection = this.setup.connector ? 'idle' : 'none' } = this.#instant ?? {};
    return { state: flies, connection };
  }

  get url(): string | undefined {
    return this.#instant?.url;
  }

  get thread(): ThreadLoad | undefined {
    return this.#instant?.thread;
  }

  blocks(): readonly BlockStatus[] {
    const { path } = this.setup;
    return this.#known.blocks().filter(({ responsibility }) => isInside(path, responsibility));
  }
}
