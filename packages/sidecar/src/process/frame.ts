import { deserialize, serialize } from 'node:v8';
import { MOST_KEYS } from '../clone/packing.js';
import type { Frame } from '../remote/wire.js';

/** No frame is larger: what would be goes in several, and one message that would be does not go at all. */
export const MOST_FRAME_BYTES: number = 64 * 1024 * 1024;

/** The addresses of all blocks are shorter. */
const LONGEST_NAME = 2_048;

/** A frame, or a value of one, as bytes. Throws for one that cannot be sent. */
export function serialized(value: unknown): Uint8Array {
  const bytes = serialize(value);
  if (bytes.length <= MOST_FRAME_BYTES) return bytes;
  throw new RangeError(`it has ${bytes.length} bytes; another process takes ${MOST_FRAME_BYTES} at most`);
}

/** The frame that the bytes are. Throws for what no process of ours sends: anybody may have sent it. */
export function frameOf(bytes: Uint8Array): Frame {
  const frame = Object(deserialize(bytes)) as Record<keyof Frame, unknown>;
  const { ways, heads, values, answers, items, settled, slots, views, bytes: buffer } = frame;
  const lists = [ways, heads, values, answers, items, settled, slots, views];
  // guard: a list with holes, which is longer than its bytes, takes no time
  if (!lists.every((list) => Array.isArray(list) && list.length <= bytes.length)) throw strange('a list');
  if (buffer !== undefined && !(buffer instanceof ArrayBuffer)) throw strange('bytes');
  if (![heads, answers, settled, views].every((list) => (list as unknown[]).every(Number.isSafeInteger)))
    throw strange('a number');
  if (!(ways as unknown[]).every(isWay)) throw strange('a way');
  if (!(slots as unknown[]).every(isSlot)) throw strange('a slot');
  if (!(items as unknown[]).every((item) => Array.isArray(item))) throw strange('an item');
  return frame as unknown as Frame;
}

function isWay(numbered: unknown): boolean {
  const [id, way] = Array.isArray(numbered) ? (numbered as readonly unknown[]) : [];
  const { path, responsibility, from } = Object(way) as Record<string, unknown>;
  const { name, responsibility: sender } = Object(from) as Record<string, unknown>;
  return Number.isSafeInteger(id) && [path, responsibility, name, sender].every(isName);
}

function isSlot(slot: unknown): boolean {
  const { keys } = Object(slot) as Record<string, unknown>;
  // guard: a way without end, in a value that holds itself, is not gone
  return Array.isArray(keys) && keys.length <= MOST_KEYS;
}

function isName(text: unknown): boolean {
  return typeof text === 'string' && text.length <= LONGEST_NAME;
}

function strange(what: string): Error {
  return new TypeError(`${what} in it is none`);
}
