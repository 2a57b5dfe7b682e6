import { crc32 } from 'node:zlib';
import type { Line, LineNode } from '@sputnikjs/core';
import type { ProduceMessage } from '@sputnikjs/messaging';
import { LastText } from './last-text.js';
import { AT, FIRST, HAS, HEAD, MAGIC } from './layout.js';

/** What the store keeps of a message: what the server gets. */
export type Content = Pick<ProduceMessage, 'target' | 'payload' | 'contentType' | 'headers' | 'id'>;

/** A message that is kept. */
export class Kept implements LineNode {
  before: LineNode | undefined = undefined;
  after: LineNode | undefined = undefined;
  line: Line<LineNode> | undefined = undefined;
  /** Its place in the order: counts up by one with each message. */
  readonly sequence: number;
  /** Milliseconds of Unix time at which it was accepted. */
  readonly time: number;
  /** With an id: the sender's, or one that is unique for ever. */
  readonly content: Content;

  constructor(sequence: number, time: number, content: Content) {
    this.sequence = sequence;
    this.time = time;
    this.content = content;
  }
}

/** A record, and where it stands. */
export interface Found {
  readonly sequence: number;
  /** True if a batch begins with it: then all before it had been synced. */
  readonly isFirst: boolean;
  readonly from: number;
  readonly to: number;
}

/** The intact records of `bytes` from `from` on, in order. What lies between them, and is no record, is left out. */
export function* recordsIn(bytes: Buffer, from: number, seed: number): Generator<Found, void> {
  for (let at = intactFrom(bytes, from, seed); at !== undefined;) {
    const to = endOfRecord(bytes, at);
    yield { sequence: sequenceOf(bytes, at), isFirst: bytes[at + AT.first] === FIRST, from: at, to };
    at = intactFrom(bytes, to, seed);
  }
}

/** Where the first intact record of `bytes` from `from` on begins; undefined if there is none. */
export function intactFrom(bytes: Buffer, from: number, seed: number): number | undefined {
  for (let at = from; at >= 0 && at < bytes.length; at = bytes.indexOf(MAGIC, at + 1))
    if (isIntact(bytes, at, seed)) return at;
  return undefined;
}

function isIntact(bytes: Buffer, at: number, seed: number): boolean {
  if (at + HEAD > bytes.length || bytes.compare(MAGIC, 0, MAGIC.length, at, at + MAGIC.length) !== 0) return false;
  const to = endOfRecord(bytes, at);
  if (to > bytes.length || to < at + HEAD) return false;
  // guard: D5 a record that is not what was written is not taken
  return bytes.readUInt32LE(at + AT.crc) === crc32(bytes.subarray(at + AT.length, to), seed);
}

/** Where the record ends that begins there. */
export function endOfRecord(bytes: Buffer, at: number): number {
  return at + bytes.readUInt32LE(at + AT.length);
}

/** The sequence of the record that begins there. */
export function sequenceOf(bytes: Buffer, at: number): number {
  return bytes.readDoubleLE(at + AT.sequence);
}

/** Makes messages of records that are known to be intact. */
export class Decoder {
  readonly #targets = new LastText();
  readonly #types = new LastText();

  /** The message whose record begins there, of a segment with this instance. */
  decode(bytes: Buffer, at: number, instance: string): Kept {
    const has = bytes[at + AT.has] ?? 0;
    const targetAt = at + HEAD;
    const typeAt = targetAt + bytes.readUInt16LE(at + AT.target);
    const idAt = typeAt + bytes.readUInt16LE(at + AT.type);
    const headersAt = idAt + bytes.readUInt16LE(at + AT.id);
    const payloadAt = headersAt + bytes.readUInt32LE(at + AT.headers);
    const sequence = sequenceOf(bytes, at);
    return new Kept(sequence, bytes.readDoubleLE(at + AT.time), {
      target: this.#targets.textIn(bytes, targetAt, typeAt),
      payload: bytes.subarray(payloadAt, endOfRecord(bytes, at)),
      contentType: has & HAS.type ? this.#types.textIn(bytes, typeAt, idAt) : undefined,
      headers: has & HAS.headers ? headersIn(bytes, headersAt, payloadAt) : undefined,
      // guard: D10 a message without an id has that of the spool
      id: has & HAS.id ? bytes.toString('utf8', idAt, headersAt) : `${instance}-${sequence}`,
    });
  }
}

function headersIn(bytes: Buffer, from: number, to: number): Content['headers'] {
  return JSON.parse(bytes.toString('utf8', from, to)) as Content['headers'];
}
