import {
  defineBlock,
  Sputnik,
  SputnikError,
  type Clock,
  type Logger,
  type MessageObserver,
  type SputnikEvent,
  type SputnikOptions,
} from '@sputnikjs/core';
import type { AddressBook, Place } from '../folder/address-book.js';
import { SATELLITE } from '../folder/blocks.js';
import type { NestedSetup, SatelliteSetup, ThreadSetup } from '../folder/setup.js';
import { AssembledSatellite } from './assembled-satellite.js';
import { ConnectionRelay } from './connection-relay.js';
import { lookupFrom } from './handles.js';
import type { DestinationOf } from './level.js';
import type { Names } from './names.js';
import type { Maker, Nested, NestedPart } from './made-satellite.js';
import { NestedSatellite } from './nested-satellite.js';

/** A block that takes messages. */
export interface Hearing extends Place {
  /** How many messages its mailbox has room for. */
  readonly capacity: number;
  /** What its mailbox does when it is full: drops its oldest message, or rejects the newest. */
  readonly whenFull: 'reject' | 'drop-oldest';
  /** How many messages the block handles at once. */
  readonly atOnce: number;
}

/** Makes the satellite of `setup` in a thread: for each start, a new one. */
export type ThreadMaker = (setup: NestedSetup, thread: ThreadSetup, shared: Shared) => Promise<Maker>;

/** What a satellite and its nested satellites share. */
export interface Shared {
  readonly book: AddressBook;
  readonly destinationOf: DestinationOf;
  readonly clock: Clock;
  readonly log: Logger;
  /** Returns the same object for the same path. */
  readonly namesOf: (path: string) => Names;
  readonly landingSoon: AbortSignal | undefined;
  readonly observer: MessageObserver | undefined;
  /** Called with the events of each nested satellite. Blocks have their addresses in the outermost satellite. */
  readonly onEvent: (satellite: Nested, event: SputnikEvent) => void;
  /** All blocks that take messages, of all satellites. */
  readonly hearing: readonly Hearing[];
  /** Makes a satellite in a thread of its own. */
  readonly threadMaker: ThreadMaker;
  /** What stands for a satellite that runs in processes of its own. */
  readonly remotePart: (setup: NestedSetup) => NestedPart;
}

/** Makes a satellite and its nested satellites. Initialises and starts nothing. Rejects with BAD_SETUP. */
export async function assemble(
  setup: SatelliteSetup,
  options: Partial<SputnikOptions>,
  shared: Shared,
  place: 'nested' | 'top' = 'nested',
): Promise<AssembledSatellite> {
  const nested = new Map<string, NestedPart>();
  for (const [name, inner] of setup.nested) {
    if (inner.place === 'process') {
      nested.set(name, shared.remotePart(inner));
      continue;
    }
    const isAlone = inner.thread || inner.connector || !options.connector;
    const maker = inner.thread
      ? await shared.threadMaker(inner, inner.thread, shared)
      : { make: (own: Partial<SputnikOptions>) => assemble(inner, own, shared) };
    const satellite = new NestedSatellite(inner, isAlone ? undefined : new ConnectionRelay(), shared, maker);
    nested.set(name, satellite);
    await satellite.assemble();
  }
  const block = defineBlock({
    name: SATELLITE,
    make: (_config, _to, { descriptor }) => nested.get(descriptor.responsibility)?.block() ?? {},
  });
  const { value: flight, problems } = await new Sputnik({
    ...setup.sputnik,
    blockFactories: { ...setup.sputnik.blockFactories, [SATELLITE]: block },
    ...options,
    outer: lookupFrom(setup.path, shared.book, shared.destinationOf),
  }).assemble();
  if (problems.length > 0) throw new SputnikError('BAD_SETUP', undefined, { problems });
  return new AssembledSatellite(flight, nested, shared.namesOf(setup.path), place);
}
