import { crc32 } from 'node:zlib';
import type { Encoder } from './encoder.js';
import { AT, FIRST } from './layout.js';
import type { Content } from './record.js';

/** A message to store, and who waits for it. */
export interface Entry {
  readonly content: Content;
  /** Called once: when the message is on the disk, or with the reason why it is not. */
  settle(error?: unknown): void;
}

/** Where a batch is in the store. */
export interface Position {
  /** The sequence of its first message. */
  readonly first: number;
  /** Milliseconds of Unix time. */
  readonly time: number;
  /** Of the segment. */
  readonly seed: number;
}

/** A batch that is to be written: the records of its messages, which are encoded as they come, and who waits for them. */
export class Draft {
  readonly entries: Entry[] = [];
  /** Bytes of the records. */
  size = 0;
  readonly #encoder: Encoder;
  #bytes: Buffer;

  /** `likely` is how many bytes it may get. */
  constructor(encoder: Encoder, likely: number) {
    this.#encoder = encoder;
    this.#bytes = Buffer.allocUnsafeSlow(likely);
  }

  add(entry: Entry): void {
    const needed = this.size + this.#encoder.measure(entry.content);
    if (needed > this.#bytes.length) {
      const bytes = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
      this.#bytes.copy(bytes, 0, 0, this.size);
      this.#bytes = bytes;
    }
    this.size = this.#encoder.encode(this.#bytes, this.size, entry.content);
    this.entries.push(entry);
  }

  /** Its records, complete. May be called again, for another place. */
  sealed({ first, time, seed }: Position): Buffer {
    const bytes = this.#bytes.subarray(0, this.size);
    bytes[AT.first] = FIRST;
    let sequence = first;
    for (let at = 0; at < bytes.length;) {
      const to = at + bytes.readUInt32LE(at + AT.length);
      bytes.writeDoubleLE(sequence++, at + AT.sequence);
      bytes.writeDoubleLE(time, at + AT.time);
      bytes.writeUInt32LE(crc32(bytes.subarray(at + AT.length, to), seed), at + AT.crc);
      at = to;
    }
    return bytes;
  }
}
