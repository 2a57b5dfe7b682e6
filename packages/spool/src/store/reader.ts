import { keyOf } from './appender.js';
import type { Files } from './files.js';
import { recordsIn, type Found, type Kept } from './record.js';
import { HEADER_BYTES, type Segment } from './segment.js';
import type { Segments } from './segments.js';

/** Most messages, and bytes of them, that are handed on from memory; what is beyond that is read from the disk. */
const [MOST_FRESH, MOST_FRESH_BYTES] = [4_096, 8_388_608] as const;

/** What is being read of a segment. */
interface Reading {
  readonly segment: Segment;
  /** What is read ends with this one. */
  readonly last: number;
  /** Where in the file the bytes begin. */
  readonly from: number;
  readonly records: Iterator<Found, void>;
  /** Where the record after the last that was taken begins. */
  next: number;
}

export interface ReaderParts {
  readonly files: Files;
  readonly segments: Segments;
  /** Called when messages of a segment cannot be read. */
  readonly onMissing: (segment: Segment, from: number, to: number) => void;
}

/**
 * Reads messages in order, each once. Those that were stored a moment ago, when all before them had been read, come from memory; others from
 * the disk, a segment at a time.
 */
export class Reader {
  readonly #parts: ReaderParts;
  /** The sequence of the next message. */
  #next: number;
  #reading: Reading | undefined;
  #fresh: Kept[] = [];
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
  stored(kept: readonly Kept[]): void {
    const isNext = kept[0]?.sequence === this.#covered + 1;
    if (!isNext || this.#fresh.length >= MOST_FRESH || this.#freshBytes >= MOST_FRESH_BYTES) return;
    for (const one of kept) {
      this.#fresh.push(one);
      this.#freshBytes += one.content.payload.length;
    }
    this.#covered += kept.length;
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
      if (this.#fresh[0]?.sequence === this.#next) return this.#takeFresh(most);
      const reading = this.#reading && this.#next <= this.#reading.last ? this.#reading : await this.#read();
      if (reading === undefined) return [];
      const kept = this.#takeFrom(reading, most);
      if (kept.length > 0) return kept;
    }
  }

  #takeFrom(reading: Reading, most: number): readonly Kept[] {
    const kept: Kept[] = [];
    while (kept.length < most && this.#next <= reading.last) {
      const { value } = reading.records.next();
      if (value !== undefined && value.sequence < this.#next) continue;
      const isThere = value !== undefined && value.sequence <= reading.last;
      const upTo = isThere ? value.sequence - 1 : reading.last;
      if (this.#next <= upTo) this.#parts.onMissing(reading.segment, this.#next, upTo);
      this.#next = upTo + 1;
      if (!isThere) break;
      this.#next++;
      reading.next = reading.from + value.to;
      const { sequence, time, content } = value;
      kept.push({ sequence, time, content, key: keyOf(reading.segment, sequence) });
    }
    return kept;
  }

  #takeFresh(most: number): readonly Kept[] {
    const kept = this.#fresh.length <= most ? this.#fresh : this.#fresh.slice(0, most);
    this.#fresh = kept === this.#fresh ? [] : this.#fresh.slice(most);
    for (const { content } of kept) this.#freshBytes -= content.payload.length;
    this.#next += kept.length;
    return kept;
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
    const from = before?.segment === segment ? before.next : HEADER_BYTES;
    const { last, bytes: to, seed } = segment;
    this.#covered = last;
    const seeks = this.#seeks;
    const bytes = await this.#parts.files.read(segment.name, from, to).catch((error: unknown) => {
      // its file may be gone since
      if (seeks === this.#seeks) throw error;
    });
    if (bytes === undefined || seeks !== this.#seeks) return this.#read();
    return (this.#reading = { segment, last, from, records: recordsIn(bytes, 0, seed), next: from });
  }
}
