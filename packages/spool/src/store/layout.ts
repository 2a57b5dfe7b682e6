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

export const MAGIC: Buffer = Buffer.from('SpRe');
/** Bytes before the texts. */
export const HEAD = 44;
export const FIRST = 1;

/** Where the parts of a record stand in it. */
export const AT = {
  crc: 4,
  /** What is checked begins with the length. */
  length: 8,
  first: 12,
  has: 13,
  target: 14,
  sequence: 16,
  time: 24,
  payload: 32,
  type: 36,
  id: 38,
  headers: 40,
} as const;

/** Which texts are there. */
export const HAS = { type: 1, id: 2, headers: 4 } as const;
