import type { StoredBatch } from './appender.js';
import type { Files } from './files.js';
import { Decoder, endOfRecord, intactFrom, sequenceOf, type Kept } from './record.js';
import { HEADER_BYTES, type Segment } from './segment.js';
import type { Segments } from './segments.js';

/** Most batches, and bytes of them, that are passed on from memory; what is beyond that is read from the disk. */
const [MOST_FRESH, MOST_FRESH_BYTES] = [4_096, 8_388_608] as const;

/** What is being read of a segment: from the disk, or a batch from memory. */
interface Reading extends Omit<StoredBatch, 'first'> {
  /** Gives where the next record from a place in the bytes on begins. */
  readonly find: (at: number) => number | undefined;
  /** Where in the bytes the record after the last that was taken begins. */
  at: number;
}

/** Why messages cannot be read. */
export type Missing = 'damaged' | 'removed';

export interface ReaderParts {
  readonly files: Files;
  readonly segments: Segments;
  /** Called when messages of a segment cannot be read: they are damaged, or somebody has removed the file. */
  readonly onMissing: (segment: Segment, from: number, to: number, why: Missing) => void;
}

/**
 * Reads messages in order, each once. Those that were stored a moment ago, when all before them had been read, come from memory; others from
 * the disk, a segment at a time.
 */
export class Reader {
  readonly #parts: ReaderParts;
  readonly #decoder = new Decoder();
  /** The sequence of the next message. */
  #next: number;
  #reading: Reading | undefined;
  #fresh: StoredBatch[] = [];
  #freshBytes = 0;
  /** What is being read, and what is fresh, goes up to this one without a gap. Of what nobody has asked for, nothing is fresh. */
  #covered = -1;
  /** Counts the calls of `seek`. */
  #seeks = 0;

  constructor(parts: ReaderParts, next: number) {
    this.#parts = parts;
    this.#next = next;
  }

  /** Tells of messages that were stored. */
  stored(batch: StoredBatch): void {
    const isNext = batch.first === this.#covered + 1;
    if (!isNext || this.#fresh.length >= MOST_FRESH || this.#freshBytes >= MOST_FRESH_BYTES) return;
    this.#fresh.push(batch);
    this.#freshBytes += batch.bytes.length;
    this.#covered = batch.last;
  }

  /** Goes on with this one: again, or leaving out those before it. */
  seek(next: number): void {
    this.#seeks++;
    this.#next = next;
    this.#covered = -1;
    this.#reading = undefined;
    this.#fresh = [];
    this.#freshBytes = 0;
  }

  /** Leaves out those before this one. */
  skipTo(next: number): void {
    if (next > this.#next) this.seek(next);
  }

  /** The next messages, `most` at most; none if all were taken. Wait for each call before the next. Rejects if a file cannot be read. */
  async take(most: number): Promise<readonly Kept[]> {
    if (most < 1) return [];
    for (;;) {
      const isOver = this.#reading === undefined || this.#next > this.#reading.last;
      const reading = isOver ? (this.#freshReading() ?? (await this.#read())) : this.#reading;
      if (reading === undefined) return [];
      const kept = this.#takeFrom(reading, most);
      if (kept.length > 0) return kept;
    }
  }

  #takeFrom(reading: Reading, most: number): readonly Kept[] {
    const kept: Kept[] = [];
    while (kept.length < most && this.#next <= reading.last) {
      const { bytes, last, segment } = reading;
      const found = reading.find(reading.at);
      if (found !== undefined) reading.at = endOfRecord(bytes, found);
      const sequence = found === undefined ? Infinity : sequenceOf(bytes, found);
      if (sequence < this.#next) continue;
      const upTo = Math.min(sequence - 1, last);
      if (this.#next <= upTo) this.#parts.onMissing(segment, this.#next, upTo, 'damaged');
      this.#next = upTo + 1;
      if (found === undefined || sequence > last) break;
      this.#next++;
      kept.push(this.#decoder.decode(bytes, found, segment.instance));
    }
    return kept;
  }

  /** Goes on with the next batch in memory, if that has the next message. */
  #freshReading(): Reading | undefined {
    if (this.#fresh[0]?.first !== this.#next) return undefined;
    const { segment, last, bytes, from } = this.#fresh.shift() as StoredBatch;
    this.#freshBytes -= bytes.length;
    const find: Reading['find'] = (at) => (at < bytes.length ? at : undefined);
    return (this.#reading = { segment, last, bytes, from, find, at: 0 });
  }

  /** Reads on in the segment, or the next one; undefined if there is no more. */
  async #read(): Promise<Reading | undefined> {
    const before = this.#reading;
    const segment = this.#parts.segments.having(this.#next);
    if (segment === undefined) {
      this.#covered = this.#next - 1;
      return (this.#reading = undefined);
    }
    if (segment.first > this.#next) this.#next = segment.first;
    const from = before?.segment === segment ? before.from + before.at : HEADER_BYTES;
    const { last, bytes: to, seed } = segment;
    this.#covered = last;
    const seeks = this.#seeks;
    const bytes = await this.#parts.files.read(segment.name, from, to).catch(async (error: unknown) => {
      const isRemoved = await this.#isRemoved(segment);
      // its file may be gone since
      if (seeks !== this.#seeks) return;
      if (!isRemoved) throw error;
      const first = this.#next;
      this.#next = last + 1;
      this.#parts.onMissing(segment, first, last, 'removed');
    });
    if (bytes === undefined || seeks !== this.#seeks) return this.#read();
    return (this.#reading = { segment, last, bytes, from, find: (at) => intactFrom(bytes, at, seed), at: 0 });
  }

  /** Whether somebody has removed the file: it is not in the folder, and another one of ours is. A folder without any may be away, as a disk is. */
  async #isRemoved(segment: Segment): Promise<boolean> {
    const names = await this.#parts.files.names().catch((): readonly string[] => []);
    return !names.includes(segment.name) && this.#parts.segments.hasOneOf(names);
  }
}
