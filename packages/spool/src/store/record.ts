import { crc32 } from 'node:zlib';
import type { ProduceMessage } from '@sputnikjs/messaging';

/** What the store keeps of a message: what the server gets. */
export type Content = Pick<ProduceMessage, 'target' | 'payload' | 'contentType' | 'headers' | 'id'>;

/** A message that is kept. */
export interface Kept {
  /** Its place in the order: counts up by one with each message. */
  readonly sequence: number;
  /** Milliseconds of Unix time at which it was accepted. */
  readonly time: number;
  /** What it is to be told by, if its sender gave no id: unique for ever. */
  readonly key: string;
  readonly content: Content;
}

/*
 * A record, in little endian:
 *
 *    0  4  MAGIC          8  4  length of the record
 *    4  4  CRC of what follows, begun with the seed of the segment
 *   12  1  FIRST where a batch begins     13  1  which texts are there     14  2  bytes of the target
 *   16  8  sequence      24  8  time      32  4  bytes of the payload
 *   36  2  bytes of the content type      38  2  bytes of the id           40  4  bytes of the headers, as JSON
 *   44     target, content type, id, headers, payload
 */
const MAGIC = Buffer.from('SpRe');
const HEAD = 44;
const CHECKED_FROM = 8;
const [HAS_TYPE, HAS_ID, HAS_HEADERS] = [1, 2, 4] as const;
const FIRST = 1;
/** Most bytes of a target, a content type or an id. */
const MOST_TEXT = 65_535;

/** Text whose length in bytes is known. */
export interface Measured {
  readonly content: Content;
  readonly headers: string;
  readonly target: number;
  readonly type: number;
  readonly id: number;
  readonly headerBytes: number;
  readonly payload: number;
  /** Of the whole record. */
  readonly bytes: number;
}

/** Measures what a message takes on disk. Throws a RangeError if a record cannot have it. */
export function measure(content: Content): Measured {
  const { target, payload, contentType, headers, id } = content;
  const json = headers === undefined ? '' : JSON.stringify(headers);
  const measured = {
    content,
    headers: json,
    target: textBytes('target', target),
    type: textBytes('content type', contentType),
    id: textBytes('id', id),
    headerBytes: json === '' ? 0 : Buffer.byteLength(json),
    payload: typeof payload === 'string' ? Buffer.byteLength(payload) : payload.byteLength,
    bytes: HEAD,
  };
  measured.bytes += measured.target + measured.type + measured.id + measured.headerBytes + measured.payload;
  return measured;
}

function textBytes(name: string, text = ''): number {
  const bytes = text === '' ? 0 : Buffer.byteLength(text);
  if (bytes <= MOST_TEXT) return bytes;
  throw new RangeError(`its ${name} has ${bytes} bytes; a spool takes at most ${MOST_TEXT}`);
}

/** Writes a record into `into`, from `at` on, where there is room for it. */
export function encode(
  into: Buffer,
  at: number,
  measured: Measured,
  { sequence, time, seed, isFirst }: { sequence: number; time: number; seed: number; isFirst: boolean },
): void {
  const { content, target, type, id, headerBytes, payload, bytes } = measured;
  MAGIC.copy(into, at);
  into.writeUInt32LE(bytes, at + 8);
  into[at + 12] = isFirst ? FIRST : 0;
  into[at + 13] =
    (content.contentType === undefined ? 0 : HAS_TYPE) |
    (content.id === undefined ? 0 : HAS_ID) |
    (content.headers === undefined ? 0 : HAS_HEADERS);
  into.writeUInt16LE(target, at + 14);
  into.writeDoubleLE(sequence, at + 16);
  into.writeDoubleLE(time, at + 24);
  into.writeUInt32LE(payload, at + 32);
  into.writeUInt16LE(type, at + 36);
  into.writeUInt16LE(id, at + 38);
  into.writeUInt32LE(headerBytes, at + 40);
  let next = at + HEAD;
  next += into.write(content.target, next);
  if (type > 0) next += into.write(content.contentType ?? '', next);
  if (id > 0) next += into.write(content.id ?? '', next);
  if (headerBytes > 0) next += into.write(measured.headers, next);
  if (typeof content.payload === 'string') into.write(content.payload, next);
  else into.set(content.payload, next);
  into.writeUInt32LE(crc32(into.subarray(at + CHECKED_FROM, at + bytes), seed), at + 4);
}

/** A record, and where it stands. */
export interface Found {
  readonly sequence: number;
  readonly time: number;
  readonly content: Content;
  /** True if a batch begins with it: then all before it had been synced. */
  readonly isFirst: boolean;
  readonly from: number;
  readonly to: number;
}

/** The intact records of `bytes` from `from` on, in order. What lies between them, and is no record, is left out. */
export function* recordsIn(bytes: Buffer, from: number, seed: number): Generator<Found, void> {
  for (let found = intactFrom(bytes, from, seed); found; found = intactFrom(bytes, found.to, seed)) yield found;
}

/** The first intact record of `bytes` from `from` on; undefined if there is none. */
export function intactFrom(bytes: Buffer, from: number, seed: number): Found | undefined {
  for (let at = from; at >= 0 && at < bytes.length; at = bytes.indexOf(MAGIC, at + 1))
    if (isIntact(bytes, at, seed)) return recordAt(bytes, at);
  return undefined;
}

function isIntact(bytes: Buffer, at: number, seed: number): boolean {
  if (at + HEAD > bytes.length || bytes.compare(MAGIC, 0, MAGIC.length, at, at + MAGIC.length) !== 0) return false;
  const to = at + bytes.readUInt32LE(at + 8);
  if (to > bytes.length || to < at + HEAD) return false;
  // guard: D5 a record that is not what was written is not taken
  return bytes.readUInt32LE(at + 4) === crc32(bytes.subarray(at + CHECKED_FROM, to), seed);
}

/** The record that begins there, which is known to be intact. */
export function recordAt(bytes: Buffer, at: number): Found {
  const to = at + bytes.readUInt32LE(at + 8);
  const has = bytes[at + 13] ?? 0;
  const typeAt = at + HEAD + bytes.readUInt16LE(at + 14);
  const idAt = typeAt + bytes.readUInt16LE(at + 36);
  const headersAt = idAt + bytes.readUInt16LE(at + 38);
  const payloadAt = headersAt + bytes.readUInt32LE(at + 40);
  const content = {
    target: bytes.toString('utf8', at + HEAD, typeAt),
    payload: bytes.subarray(payloadAt, to),
    contentType: has & HAS_TYPE ? bytes.toString('utf8', typeAt, idAt) : undefined,
    headers: has & HAS_HEADERS ? (JSON.parse(bytes.toString('utf8', headersAt, payloadAt)) as Headers) : undefined,
    id: has & HAS_ID ? bytes.toString('utf8', idAt, headersAt) : undefined,
  };
  const isFirst = (bytes[at + 12] ?? 0) === FIRST;
  return { sequence: bytes.readDoubleLE(at + 16), time: bytes.readDoubleLE(at + 24), content, isFirst, from: at, to };
}

type Headers = Content['headers'];
