import { isInside } from '../folder/address-book.js';
import type { Hearing } from '../satellite/assembly.js';

/** Those of the blocks that are in the satellite at `path`, or inside that; and the others. */
export function sides(
  path: string,
  hearing: readonly Hearing[],
): { readonly within: readonly Hearing[]; readonly outside: readonly Hearing[] } {
  const isWithin = (block: Hearing): boolean => isInside(path, block.path);
  return { within: hearing.filter(isWithin), outside: hearing.filter((block) => !isWithin(block)) };
}
