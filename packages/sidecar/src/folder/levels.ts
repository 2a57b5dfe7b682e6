/** A satellite that may have nested satellites. */
interface Nesting<T> {
  readonly nested: ReadonlyMap<string, Nesting<T> & T>;
}

/** A satellite and all its nested satellites, outer ones first. */
export function levelsOf<T>(satellite: T & Nesting<T>): readonly T[] {
  return [satellite, ...[...satellite.nested.values()].flatMap((one) => levelsOf<T>(one))];
}
