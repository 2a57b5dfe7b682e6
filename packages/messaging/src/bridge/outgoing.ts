import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import type { ConsumedMessage, ProduceMessage } from '../contract.js';
import { BRIDGES, bridgesOf, isLine, portable } from './headers.js';

/** AMQP has no longer one, in bytes. */
const MAX_ID = 255;

/** What is done to each message. */
export interface Manner {
  readonly name: string;
  readonly envelope: boolean;
}

/** A message for the other server. */
export interface Outgoing {
  readonly message: ProduceMessage;
  /** Headers that cannot cross. */
  readonly left: number;
  /** True if it has headers, or a content type, beside those that a bridge gives it. */
  readonly isDressed: boolean;
}

/** Makes of a message one for the other server. `more` are headers that it gets in addition. */
export function outgoingOf(
  consumed: ConsumedMessage,
  target: string,
  { name, envelope }: Manner,
  more: Readonly<Record<string, string>> = {},
): Outgoing {
  const bridges = [...bridgesOf(consumed), name];
  const id = idOf(consumed, name);
  const hops = { [BRIDGES]: bridges.join(', ') };
  if (envelope) {
    const payload = JSON.stringify(enveloped(consumed, bridges, more));
    const message = { target, payload, contentType: 'application/json', headers: hops, id };
    return { message, left: 0, isDressed: false };
  }
  const { carried, left } = portable({ ...consumed.headers, ...more });
  const { payload, contentType } = consumed;
  const isDressed = contentType !== undefined || Object.keys(carried).length > 0;
  return { message: { target, payload, contentType, headers: { ...carried, ...hops }, id }, left, isDressed };
}

/** All that is known of a message, for a server that carries a body only. */
function enveloped(
  consumed: ConsumedMessage,
  bridges: readonly string[],
  more: Readonly<Record<string, string>>,
): object {
  const { source, id, contentType, headers, correlationId, replyTo, payload } = consumed;
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const body = isUtf8(bytes) ? { payload: bytes.toString() } : { payloadBase64: bytes.toString('base64') };
  return { source, bridges, id, contentType, headers: { ...headers, ...more }, correlationId, replyTo, ...body };
}

/**
 * Its sender's id; else one made of its sequence in its source, the same at each delivery. None if the server does not tell that: nobody
 * could tell a repetition from another message with the same content.
 */
function idOf({ id, source, sequence }: ConsumedMessage, name: string): string | undefined {
  if (id !== undefined) return id !== '' && isLine(id) && Buffer.byteLength(id) <= MAX_ID ? id : hashOf([id]);
  // guard: a message without an id has that of its place in its source
  return sequence === undefined ? undefined : hashOf([name, source, sequence]);
}

function hashOf(texts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(texts)).digest('base64url');
}
