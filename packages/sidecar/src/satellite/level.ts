import type { Flight } from '@sputnikjs/core';
import { namesBelow } from '../folder/address-book.js';

/** Where messages for a satellite go: to its flight, or to its waiting room while it restarts. */
export type Destination = Pick<Flight, 'communicator'>;

/** Returns a function that says where messages for the satellite at a path go at present: this changes when the satellite restarts. */
export type DestinationOf = (path: string) => () => Destination | undefined;

/** A satellite with its nested satellites, as senders reach them. */
export interface Level {
  readonly flight: Destination;
  /** Nested satellites, by address. */
  readonly nested: ReadonlyMap<string, { readonly current: Level }>;
}

/** The satellite with these names below `top`, from the outer to the inner. Undefined if there is none. */
export function levelAt(top: Level | undefined, names: readonly string[]): Level | undefined {
  return names.reduce<Level | undefined>((level, name) => level?.nested.get(name)?.current, top);
}

/** Where messages go for the satellite at `base`, which is `top` once that is made, and for those below. */
export function destinationsBelow(base: string, top: () => Level | undefined): DestinationOf {
  return (path) => {
    // here, since what is returned is called with each message
    const names = namesBelow(base, path);
    return () => levelAt(top(), names)?.flight;
  };
}
