import { notCloned } from './not-cloned.js';
import { pack, unpack } from './packing.js';

/** The value as it arrives in another thread or process. Throws, with the path of its key, for one that cannot go there. */
export function cloned<T>(what: string, value: T): T {
  try {
    return unpack(structuredClone(pack([value])))[0] as T;
  } catch (error) {
    throw notCloned(what, value, error);
  }
}
