import { isUtf8 } from 'node:buffer';
import type { ConsumedMessage } from '@sputnikjs/messaging';
import type { Format } from '../read/consumption.js';

/** A message in bytes, as each format has it; made once for all readers of a format. */
export interface Lines extends Readonly<Record<Format, () => Buffer>> {
  /** What a reader that has got it may resume after; undefined if it cannot. */
  readonly id: string | undefined;
}

/** What goes into a header, and is one line: of other sequences no id is made. */
const ID = /^[!-~]+$/;

/** What each format is called, and what keeps a connection alive on which nothing comes; lines have no such thing. */
export const FORMATS: Readonly<Record<Format, { readonly type: string; readonly beat: string }>> = {
  lines: { type: 'application/x-ndjson', beat: '' },
  events: { type: 'text/event-stream; charset=utf-8', beat: ':\n\n' },
};

/**
 * Writes a message as an object of JSON without line breaks: its payload is text where it is UTF-8, else base64. Events have an id if their
 * source `isKept`.
 */
export function linesOf(message: ConsumedMessage, isKept: boolean): Lines {
  const { payload, redelivered, ...others } = message;
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
  const json = JSON.stringify({
    ...others,
    ...(redelivered && { redelivered }),
    ...(isUtf8(bytes) ? { payload: bytes.toString('utf8') } : { payloadBase64: bytes.toString('base64') }),
  });
  const { sequence = '' } = message;
  const id = isKept && ID.test(sequence) ? sequence : undefined;
  const head = id === undefined ? '' : `id: ${id}\n`;
  return { lines: once(`${json}\n`), events: once(`${head}data: ${json}\n\n`), id };
}

function once(text: string): () => Buffer {
  let bytes: Buffer | undefined;
  return () => (bytes ??= Buffer.from(text));
}
