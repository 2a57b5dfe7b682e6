import { isInside } from './address-book.js';
import { levelsOf } from './levels.js';
import type { Place } from './options.js';

/** A satellite that runs in processes of its own: the outermost one, or one with `"place": "process"`. */
export interface Part<T> {
  readonly path: string;
  readonly setup: T;
}

/** A satellite, and where it flies if it is inside another. */
interface Placed {
  readonly path: string;
  readonly place?: Place;
  readonly nested: ReadonlyMap<string, Placed>;
}

/** The parts of a satellite, the outermost first. */
export function partsIn<T extends Placed>(root: T & { readonly nested: ReadonlyMap<string, T> }): readonly Part<T>[] {
  const inner = levelsOf<Placed>(root).filter(({ place }) => place === 'process') as T[];
  return [root, ...inner].map((setup) => ({ path: setup.path, setup }));
}

/** The part that has what stands at `path`: the innermost of those that it is inside. */
export function partOf<T extends Pick<Part<unknown>, 'path'>>(parts: readonly T[], path: string): T | undefined {
  const around = parts.filter((part) => isInside(part.path, path));
  return around.toSorted((a, b) => b.path.length - a.path.length)[0];
}
