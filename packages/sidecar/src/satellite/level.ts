import type { Flight } from '@sputnikjs/core';

/** Where messages for a satellite go: to its flight, or to its waiting room while it restarts. */
export type Destination = Pick<Flight, 'communicator'>;

/** A satellite with its nested satellites, as senders reach them. */
export interface Level {
  readonly flight: Destination;
  /** Nested satellites, by address. */
  readonly nested: ReadonlyMap<string, { readonly current: Level }>;
}

/** The satellite at a path below `top`. Undefined if there is none. */
export function levelAt(top: Level | undefined, path: readonly string[]): Level | undefined {
  return path.reduce<Level | undefined>((level, name) => level?.nested.get(name)?.current, top);
}

/** The parts of a path. The outermost satellite has none. */
export function partsOf(path: string): readonly string[] {
  return path === '' ? [] : path.split('/');
}
