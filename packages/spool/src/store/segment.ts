import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

/*
 * A segment is a file: a header, then records. The header, in little endian:
 *
 *    0  8  MAGIC          12  4  CRC of what follows     24  4  seed of the CRC of its records
 *    8  4  VERSION        16  8  its first sequence      28 12  instance
 */
const MAGIC = Buffer.from('SpSegmnt');
const VERSION = 1;
const CHECKED_FROM = 16;
export const HEADER_BYTES = 40;

/** What only a segment has. */
export interface Marks {
  /** Begins the CRC of each record, so that bytes of other files, or of payloads, are no records here. Nobody outside learns it. */
  readonly seed: number;
  /** Random, made with each segment and never used again. With the sequence it names a message for ever. */
  readonly instance: string;
}

/** A segment that is there. */
export interface Segment extends Marks {
  readonly name: string;
  readonly first: number;
  /** The last sequence that it has; below `first` if it has none. */
  last: number;
  /** What of the file counts: up to the last record that was synced. */
  bytes: number;
  /** True once something in it could not be read. */
  isDamaged: boolean;
}

export function freshMarks(): Marks {
  return { seed: randomBytes(4).readUInt32LE(), instance: randomBytes(9).toString('base64url') };
}

export function headerOf(first: number, { seed, instance }: Marks): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  MAGIC.copy(header);
  header.writeUInt32LE(VERSION, 8);
  header.writeDoubleLE(first, 16);
  header.writeUInt32LE(seed, 24);
  header.write(instance, 28);
  header.writeUInt32LE(crc32(header.subarray(CHECKED_FROM)), 12);
  return header;
}

/** Reads a header; undefined if it is damaged. Throws if a newer version has written it. */
export function readHeader(name: string, bytes: Buffer): Marks | undefined {
  if (bytes.length < HEADER_BYTES || bytes.compare(MAGIC, 0, MAGIC.length, 0, MAGIC.length) !== 0) return undefined;
  const version = bytes.readUInt32LE(8);
  // guard: D9 a segment of a newer version is not read as one of this
  if (version > VERSION)
    throw new Error(
      `${name} was written by a newer version of the spool (format ${version}; this one reads ${VERSION}). Start that version again and let it deliver what is kept, or configure another "path"`,
    );
  if (bytes.readUInt32LE(12) !== crc32(bytes.subarray(CHECKED_FROM, HEADER_BYTES))) return undefined;
  if (nameOf(bytes.readDoubleLE(16)) !== name) return undefined;
  return { seed: bytes.readUInt32LE(24), instance: bytes.toString('latin1', 28, HEADER_BYTES) };
}

const EXTENSION = '.segment';
/** So that names sort as numbers do. */
const DIGITS = 16;

/** While a segment is made: it gets its name when its header is on the disk. */
export const UNNAMED = 'segment.new';

export function nameOf(first: number): string {
  return `${String(first).padStart(DIGITS, '0')}${EXTENSION}`;
}

/** The name for what cannot be read: kept for whoever wants to look. */
export function asideOf(name: string): string {
  return `${name}.damaged`;
}

/** No segment has more messages: it has room for half of these, if all are empty. */
const MOST_MESSAGES = 2 ** 19;

/** The first sequence of the segment of that name; undefined if it is none. */
export function firstIn(name: string): number | undefined {
  const digits = name.slice(0, -EXTENSION.length);
  if (!name.endsWith(EXTENSION) || !/^\d{16}$/.test(digits)) return undefined;
  return Number(digits);
}

/**
 * The first sequence of the segment that follows the one that begins with `first`, by its name. Undefined if there is none, or if no segment has
 * so many messages: then only its records tell where the first one ends.
 */
export function nextIn(first: number, name: string | undefined): number | undefined {
  const next = firstIn(name ?? '');
  // guard: D5 a name that is far from the others does not say what is missing
  return next !== undefined && next - first <= MOST_MESSAGES ? next : undefined;
}
