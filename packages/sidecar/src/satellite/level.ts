import type { Flight } from '@sputnikjs/core';

/** Where messages for a satellite go: its flight, or what stands for it while it is made anew. */
export type Destination = Pick<Flight, 'communicator'>;

/** A satellite, and those inside it, as others reach them. */
export interface Level {
  readonly flight: Destination;
  /** By address. */
  readonly nested: ReadonlyMap<string, { readonly current: Level }>;
}

/** The satellite at a path below one; undefined if there is none. */
export function levelAt(top: Level | undefined, path: readonly string[]): Level | undefined {
  return path.reduce<Level | undefined>((level, name) => level?.nested.get(name)?.current, top);
}

/** The parts of a path; none for the outermost satellite. */
export function partsOf(path: string): readonly string[] {
  return path === '' ? [] : path.split('/');
}
