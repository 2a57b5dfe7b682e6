import { Draft, type Entry } from './draft.js';
import type { Encoder } from './encoder.js';
import type { Files, Output } from './files.js';
import type { OnProblem } from './problem.js';
import { freshMarks, HEADER_BYTES, headerOf, nameOf, UNNAMED, type Segment } from './segment.js';
import type { Segments } from './segments.js';

/** A batch that has so many bytes takes no more messages. */
const BATCH_BYTES = 4_194_304;

/** A batch has room for this many bytes at first, and for what the one before it had. */
const LIKELY_BYTES = 1_024;

/** A segment grows by this part of its size at once. */
const AHEAD = 1 / 32;

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
  readonly encoder: Encoder;
  /** The appender adds its own. */
  readonly segments: Segments;
  /** The last sequence that was given. */
  readonly last: number;
  /** A segment that has so many bytes is followed by the next. */
  readonly segmentBytes: number;
  /** Milliseconds of Unix time. */
  readonly now: () => number;
  readonly onStored: (batch: StoredBatch) => void;
  /** Called when no segment is being written any more. */
  readonly onEnded: () => void;
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
  /** Messages that wait, or are being written, and their bytes. */
  waiting = 0;
  waitingBytes = 0;
  /** Why nothing is taken. */
  stopped: { readonly cause: unknown } | undefined;
  readonly #parts: AppenderParts;
  /** Batches that are not begun; messages come to the last one. */
  #drafts: Draft[] = [];
  #likely = LIKELY_BYTES;
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
    const draft = this.#draft();
    const before = draft.size;
    draft.add(entry);
    this.waiting++;
    this.waitingBytes += draft.size - before;
    this.#work ??= this.#workOff();
  }

  /** The batch for what comes now. */
  #draft(): Draft {
    const last = this.#drafts.at(-1);
    if (last !== undefined && last.size < BATCH_BYTES) return last;
    const draft = new Draft(this.#parts.encoder, this.#likely);
    this.#drafts.push(draft);
    return draft;
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
    // What comes at once is one batch.
    await Promise.resolve();
    for (let batch = this.#drafts.shift(); batch; batch = this.#drafts.shift()) {
      this.#likely = Math.max(LIKELY_BYTES, batch.size);
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

  #settle({ entries, size }: Draft, error?: unknown): void {
    this.waiting -= entries.length;
    this.waitingBytes -= size;
    for (const entry of entries) entry.settle(error);
  }

  /** Nothing can be written for now: all who wait are told. */
  #stop(batch: Draft, cause: unknown): void {
    const all = [batch, ...this.#drafts];
    this.#drafts = [];
    this.stopped = { cause };
    const text = 'messages cannot be stored, and none is taken: check the disk';
    this.#parts.onProblem({ event: 'spoolStopped', text, error: cause });
    for (const each of all) this.#settle(each, cause);
  }

  async #store(batch: Draft): Promise<StoredBatch> {
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

  async #write(batch: Draft): Promise<StoredBatch> {
    const { now, segments, segmentBytes } = this.#parts;
    this.#open ??= await this.#begin();
    const { segment, output } = this.#open;
    const { bytes: from, seed } = segment;
    const first = this.last + 1;
    const bytes = batch.sealed({ first, time: now(), seed });
    await output.write(bytes);
    // guard: D1 a batch is on the disk before it is acknowledged
    await output.sync();
    this.syncs++;
    this.last += batch.entries.length;
    segments.grow(segment, bytes.length, this.last);
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

  async #giveUp(cause: unknown): Promise<void> {
    const { segment, output } = this.#open ?? {};
    const text = 'a segment cannot be written any more: the next one begins';
    this.#parts.onProblem({ event: 'spoolSegmentGivenUp', text, file: segment?.name, error: cause });
    // guard: D6 what is refused is not found at the next start
    if (segment) await output?.cut(segment.bytes).catch(() => {});
    await this.#end();
  }

  async #end(): Promise<void> {
    const output = this.#open?.output;
    this.#open = undefined;
    await output?.close().catch(() => {});
    this.#parts.onEnded();
  }
}
