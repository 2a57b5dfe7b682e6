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
import type { AddressBook } from '../folder/address-book.js';
import { SATELLITE } from '../folder/blocks.js';
import type { SatelliteSetup } from '../folder/setup.js';
import { AssembledSatellite } from './assembled-satellite.js';
import { ConnectionRelay } from './connection-relay.js';
import { lookupFrom, type DestinationOf } from './handles.js';
import type { Names } from './names.js';
import { NestedSatellite } from './nested-satellite.js';

/** What a satellite and all that are inside it share. */
export interface Shared {
  readonly book: AddressBook;
  readonly destinationOf: DestinationOf;
  readonly clock: Clock;
  readonly log: Logger;
  /** Always the same for a path. */
  readonly namesOf: (path: string) => Names;
  readonly landingSoon: AbortSignal | undefined;
  readonly observer: MessageObserver | undefined;
  /** Is told of the events of each nested satellite. Its blocks have their addresses in the outermost one. */
  readonly onEvent: (satellite: NestedSatellite, event: SputnikEvent) => void;
}

/** Makes a satellite and all that are inside it; initialises and starts nothing. Rejects with BAD_SETUP. */
export async function assemble(
  setup: SatelliteSetup,
  options: Partial<SputnikOptions>,
  shared: Shared,
): Promise<AssembledSatellite> {
  const nested = new Map<string, NestedSatellite>();
  for (const [name, inner] of setup.nested) {
    const relay = inner.connector || !options.connector ? undefined : new ConnectionRelay();
    const satellite = new NestedSatellite(inner, relay, shared, (own) => assemble(inner, own, shared));
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
  return new AssembledSatellite(flight, nested, shared.namesOf(setup.path));
}
