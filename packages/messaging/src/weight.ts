import type { ProduceMessage } from './contract.js';

/** What a message takes beside its texts and bytes, about: objects, promises, places in queues. */
const OVERHEAD = 512;
/** The same for a header. */
const HEADER = 64;

/**
 * The bytes of memory that a message takes, about, for mailboxes (`mailbox: { weigh: weightOf, maxWeight }`). Senders may hand over anything: what
 * is no message weighs little.
 *
 * @example
 * import { weightOf } from '@sputnikjs/messaging';
 * console.log(weightOf({ target: 'news', payload: 'hello' })); // 521
 */
export function weightOf(message: Partial<Record<keyof ProduceMessage, unknown>>): number {
  const { target, payload, contentType, id, headers } = message;
  let bytes = OVERHEAD + textBytes(target) + textBytes(contentType) + textBytes(id);
  bytes += payload instanceof Uint8Array ? payload.byteLength : textBytes(payload);
  if (typeof headers !== 'object' || headers === null) return bytes;
  for (const [name, value] of Object.entries(headers)) bytes += HEADER + textBytes(name) + textBytes(value);
  return bytes;
}

/** V8 keeps a text that has one character beyond Latin-1 with two bytes for each of all. */
function textBytes(text: unknown): number {
  if (typeof text !== 'string') return 0;
  const bytes = Buffer.byteLength(text);
  return bytes === text.length ? bytes : Math.max(bytes, 2 * text.length);
}
