import type { Files, Output } from './files.js';
import type { OnProblem } from './problem.js';
import { encode, type Measured } from './record.js';
import { freshMarks, HEADER_BYTES, headerOf, nameOf, UNNAMED, type Segment } from './segment.js';
import type { Segments } from './segments.js';

/** Most bytes of a batch; a single larger message is a batch of its own. */
const BATCH_BYTES = 4_194_304;

/** A segment grows by this part of its size at once. */
const AHEAD = 1 / 32;

/** A message to store, and who waits for it. */
export interface Entry {
  readonly measured: Measured;
  /** Called once: when the message is on the disk, or with the reason why it is not. */
  settle(error?: unknown): void;
}

/** Messages that were stored together. */
export interface StoredBatch {
  readonly segment: Segment;
  /** Their sequences. */
  readonly first: number;
  readonly last: number;
  /** Their records, and where in the file these begin. */
  readonly bytes: Buffer;
  readonly from: number;
}

export interface AppenderParts {
  readonly files: Files;
  /** The appender adds its own. */
  readonly segments: Segments;
  /** The last sequence that was given. */
  readonly last: number;
  /** A segment that has so many bytes is followed by the next. */
  readonly segmentBytes: number;
  /** Milliseconds of Unix time. */
  readonly now: () => number;
  readonly onStored: (batch: StoredBatch) => void;
  readonly onProblem: OnProblem;
}

/**
 * Writes messages to segments, in batches: a batch is all that waits, one write and one sync. A segment whose write or sync failed is given up,
 * since nobody knows what is on the disk: the batch is written again, into a new segment. If that fails, too, all who wait are told, and
 * nothing is taken until `resume`.
 */
export class Appender {
  syncs = 0;
  /** The last sequence that was given to a message on the disk. */
  last: number;
  /** Bytes of what waits, or is being written. */
  waitingBytes = 0;
  waiting = 0;
  /** Why nothing is taken. */
  stopped: { readonly cause: unknown } | undefined;
  readonly #parts: AppenderParts;
  #queue: Entry[] = [];
  #work: Promise<void> | undefined;
  #open: { readonly segment: Segment; readonly output: Output } | undefined;

  constructor(parts: AppenderParts) {
    this.#parts = parts;
    this.last = parts.last;
  }

  /** The segment that is being written. */
  get open(): Segment | undefined {
    return this.#open?.segment;
  }

  append(entry: Entry): void {
    if (this.stopped) return entry.settle(this.stopped.cause);
    this.#queue.push(entry);
    this.waiting++;
    this.waitingBytes += entry.measured.bytes;
    this.#work ??= this.#workOff();
  }

  /** Takes messages again. */
  resume(): void {
    this.stopped = undefined;
  }

  /** Ends the open segment when all that waits is settled: the next message begins another. */
  async roll(): Promise<void> {
    while (this.#work) await this.#work;
    await this.#end();
  }

  async #workOff(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#nextBatch();
      let stored: StoredBatch | undefined;
      try {
        stored = await this.#store(batch);
      } catch (cause) {
        this.#stop(batch, cause);
        break;
      }
      this.#settle(batch);
      this.#parts.onStored(stored);
    }
    this.#work = undefined;
  }

  /** All that waits, up to the most bytes. */
  #nextBatch(): readonly Entry[] {
    let bytes = 0;
    let count = 0;
    for (const { measured } of this.#queue) {
      if (count > 0 && bytes + measured.bytes > BATCH_BYTES) break;
      bytes += measured.bytes;
      count++;
    }
    const batch = this.#queue.slice(0, count);
    this.#queue = count === this.#queue.length ? [] : this.#queue.slice(count);
    return batch;
  }

  #settle(batch: readonly Entry[], error?: unknown): void {
    for (const entry of batch) {
      this.waiting--;
      this.waitingBytes -= entry.measured.bytes;
      entry.settle(error);
    }
  }

  /** Nothing can be written for now: all who wait are told. */
  #stop(batch: readonly Entry[], cause: unknown): void {
    const all = [...batch, ...this.#queue];
    this.#queue = [];
    this.stopped = { cause };
    const text = 'messages cannot be stored, and none is taken: check the disk';
    this.#parts.onProblem({ event: 'spoolStopped', text, error: cause });
    this.#settle(all, cause);
  }

  async #store(batch: readonly Entry[]): Promise<StoredBatch> {
    try {
      return await this.#write(batch);
    } catch (error) {
      // guard: D6 a file whose write or sync failed is never written again
      await this.#giveUp(error);
    }
    // guard: D6 what a failed write held is written again, from memory, into a new segment
    return this.#write(batch).catch(async (error: unknown) => {
      await this.#giveUp(error);
      throw error;
    });
  }

  async #write(batch: readonly Entry[]): Promise<StoredBatch> {
    const { now, segments, segmentBytes } = this.#parts;
    this.#open ??= await this.#begin();
    const { segment, output } = this.#open;
    const time = now();
    const { bytes: from, seed } = segment;
    const first = this.last + 1;
    let size = 0;
    for (const { measured } of batch) size += measured.bytes;
    const bytes = Buffer.allocUnsafe(size);
    let at = 0;
    let sequence = first;
    for (const { measured } of batch) {
      encode(bytes, at, measured, { sequence: sequence++, time, seed, isFirst: at === 0 });
      at += measured.bytes;
    }
    await output.write(bytes);
    // guard: D1 a batch is on the disk before it is acknowledged
    await output.sync();
    this.syncs++;
    this.last += batch.length;
    segments.grow(segment, size, this.last);
    if (segment.bytes >= segmentBytes) await this.#end();
    return { segment, first, last: this.last, bytes, from };
  }

  /** Begins a segment. It gets its name when its header is on the disk, and is used when its name is. */
  async #begin(): Promise<{ readonly segment: Segment; readonly output: Output }> {
    const { files, segments, segmentBytes } = this.#parts;
    const [first, marks] = [this.last + 1, freshMarks()];
    const name = nameOf(first);
    const output = await files.create(UNNAMED, Math.ceil(segmentBytes * AHEAD));
    try {
      await output.write(headerOf(first, marks));
      await output.sync();
      await files.rename(UNNAMED, name);
      // guard: D2 the name of a segment is on the disk before its first message is acknowledged
      await files.syncFolder();
    } catch (error) {
      await output.close().catch(() => {});
      throw error;
    }
    this.syncs += 2;
    const segment = { ...marks, name, first, last: first - 1, bytes: HEADER_BYTES, isDamaged: false };
    segments.add(segment);
    return { segment, output };
  }

  async #giveUp(error: unknown): Promise<void> {
    const file = this.#open?.segment.name;
    const text = 'a segment cannot be written any more: the next one begins';
    this.#parts.onProblem({ event: 'spoolSegmentGivenUp', text, file, error });
    await this.#end();
  }

  async #end(): Promise<void> {
    const output = this.#open?.output;
    this.#open = undefined;
    await output?.close().catch(() => {});
  }
}

/** What a message is told by for ever. */
export function keyOf({ instance }: Segment, sequence: number): string {
  return `${instance}-${sequence}`;
}
