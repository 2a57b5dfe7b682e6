import { guarded } from '../text.js';

/** How many bytes of messages for one block may be held that wait for another satellite, or are on their way there. */
export const HELD_BYTES = 33_554_432;

/** What a number takes, and an object or a key of one, beside its texts and bytes, about. */
const [NUMBER, OBJECT, KEY] = [8, 32, 16];
/** V8 keeps a text that has one character beyond Latin-1 with two bytes for each of all. */
const CHARACTER = 2;
/** Beyond this depth, each object counts only once. */
const SHALLOW = 2;

/**
 * The bytes of memory that a message takes, about. Mailboxes that stand for blocks elsewhere weigh messages so, whatever the block's own
 * `weigh` says: that is a function, which a thread does not have, and its unit is the block's.
 */
export function bytesOf(message: unknown): number {
  // a message that cannot be read takes no more than its place
  return guarded(() => bytesIn(message, 0, undefined), OBJECT);
}

function bytesIn(value: unknown, depth: number, seen: Set<unknown> | undefined): number {
  if (typeof value === 'string') return CHARACTER * value.length;
  if (typeof value !== 'object' || value === null) return NUMBER;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return OBJECT + value.byteLength;
  if (seen?.has(value)) return NUMBER;
  const known = depth < SHALLOW ? seen : (seen ?? new Set<unknown>()).add(value);
  const inner = value instanceof Map || value instanceof Set ? [...value] : value;
  let bytes = OBJECT;
  for (const one of Object.values(inner)) bytes += KEY + bytesIn(one, depth + 1, known);
  return bytes;
}
