import { textOf } from '../text.js';
import { uncloneable } from './cloneable.js';

/** That something cannot go to another thread or process, and where in it that is. */
export function notCloned(what: string, value: unknown, cause?: unknown): Error {
  const place = uncloneable(value) ?? (cause === undefined ? 'unknown' : textOf(cause));
  return new TypeError(`${what} cannot go to another thread or process: ${place}; send plain values`, { cause });
}
