/** Of each packet: its kind, the number of the piece that it carries, the number up to which all pieces of the other side have come. */
const HEADER_BYTES = 13;
const NUMBER_BYTES = 6;

/** What a packet is, beside the piece that it may carry. */
const PIECE = 1;
const LAST = 2;
const AGAIN = 4;
const PING = 8;
const UNKNOWN = 16;

/** What two processes send each other: a piece of a frame, or only word of what has come. */
export interface Packet {
  /** Undefined if it carries no piece. */
  readonly piece: Piece | undefined;
  /** All pieces of the other side have come, up to this number. */
  readonly come: number;
  /** What was sent after that has not come: send it again. */
  readonly again: boolean;
  /** An answer is wanted, as a sign of life. */
  readonly ping: boolean;
  /** The session is not known: begin another one. */
  readonly unknown: boolean;
}

/** A part of a frame. */
export interface Piece {
  /** From 1 on, without gaps. */
  readonly number: number;
  /** The frame ends with it. */
  readonly isLast: boolean;
  readonly bytes: Uint8Array;
}

/** How many bytes of a frame fit in a packet. */
export function roomIn(mostBytes: number): number {
  return mostBytes - HEADER_BYTES;
}

/** A packet as bytes. What is not given, it is not. */
export function packetOf({ piece, come = 0, again, ping, unknown }: Partial<Packet>): Uint8Array {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + (piece?.bytes.length ?? 0));
  const kind =
    (piece ? PIECE : 0) |
    (piece?.isLast ? LAST : 0) |
    (again ? AGAIN : 0) |
    (ping ? PING : 0) |
    (unknown ? UNKNOWN : 0);
  bytes.writeUInt8(kind, 0);
  bytes.writeUIntBE(piece?.number ?? 0, 1, NUMBER_BYTES);
  bytes.writeUIntBE(come, 1 + NUMBER_BYTES, NUMBER_BYTES);
  if (piece) bytes.set(piece.bytes, HEADER_BYTES);
  return bytes;
}

/** The packet that the bytes are; undefined if they are none. */
export function packetFrom(packed: Uint8Array): Packet | undefined {
  if (packed.length < HEADER_BYTES) return undefined;
  const bytes = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  const kind = bytes.readUInt8(0);
  const number = bytes.readUIntBE(1, NUMBER_BYTES);
  const has = (what: number): boolean => (kind & what) !== 0;
  return {
    piece: has(PIECE) ? { number, isLast: has(LAST), bytes: bytes.subarray(HEADER_BYTES) } : undefined,
    come: bytes.readUIntBE(1 + NUMBER_BYTES, NUMBER_BYTES),
    again: has(AGAIN),
    ping: has(PING),
    unknown: has(UNKNOWN),
  };
}
