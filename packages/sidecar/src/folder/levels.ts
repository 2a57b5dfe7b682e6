/** Of satellites that may have others inside. */
interface Nesting<T> {
  readonly nested: ReadonlyMap<string, Nesting<T> & T>;
}

/** A satellite and all that are inside it, outer ones first. */
export function levelsOf<T>(satellite: T & Nesting<T>): readonly T[] {
  return [satellite, ...[...satellite.nested.values()].flatMap((one) => levelsOf<T>(one))];
}
