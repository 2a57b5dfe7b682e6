import { Appender } from './appender.js';
import { writeCursor } from './cursor.js';
import type { Entry } from './draft.js';
import { Encoder } from './encoder.js';
import { unlessGone, type Files } from './files.js';
import type { OnProblem } from './problem.js';
import type { Content, Kept } from './record.js';
import { Reader, type Missing } from './reader.js';
import { LEFTOVERS, recover, type Recovered } from './recovery.js';
import { asideOf, type Segment } from './segment.js';
import { Segments } from './segments.js';

/** How much a store keeps, and what it tells. */
export interface StoreOptions {
  /** Most bytes of all files. */
  readonly maxBytes: number;
  /** Most messages. */
  readonly maxMessages: number;
  /** Milliseconds of Unix time. */
  readonly now: () => number;
  /** Called when messages were stored, and when there may be room again. */
  readonly onChange: () => void;
  readonly onProblem: OnProblem;
}

/** Largest and smallest size of a segment, in bytes, and how many there are room for. */
const [LARGEST, SMALLEST, SEGMENTS] = [8_388_608, 4_096, 16] as const;

/**
 * Messages on disk, in the order in which they were appended, until each is acknowledged. A folder has one store at a time: who opens it has to
 * see to that.
 */
export class Store {
  /** Messages that are lost since they could not be read. */
  lost: number;
  /** Messages that are not acknowledged. */
  kept: number;
  /** Messages that were stored since it was opened. */
  stored = 0;
  readonly #files: Files;
  readonly #options: StoreOptions;
  readonly #segments: Segments;
  readonly #encoder = new Encoder();
  readonly #appender: Appender;
  readonly #reader: Reader;
  /** All up to this one is acknowledged, and of those after it, these. */
  #acknowledged: number;
  readonly #beyond = new Set<number>();
  /** What the cursor on the disk says. */
  #saved = -1;
  #saving: Promise<void> = Promise.resolve();
  #cleaning: Promise<void> | undefined;
  #isClosed = false;

  private constructor(files: Files, options: StoreOptions, found: Recovered) {
    const { acknowledged, last, lost } = found;
    const segments = new Segments(found.segments);
    this.#files = files;
    this.#options = options;
    this.#segments = segments;
    this.#acknowledged = acknowledged;
    this.lost = lost;
    this.kept = 0;
    for (const { first, last: end } of found.segments)
      this.kept += Math.max(0, end - Math.max(first - 1, acknowledged));
    const { now, maxBytes, onProblem } = options;
    this.#reader = new Reader(
      { files, segments, onMissing: (segment, from, to, why) => this.#miss(segment, from, to, why) },
      acknowledged + 1,
    );
    this.#appender = new Appender({
      files,
      encoder: this.#encoder,
      segments,
      last,
      segmentBytes: Math.min(LARGEST, Math.max(SMALLEST, Math.floor(maxBytes / SEGMENTS))),
      now,
      onProblem,
      onStored: (batch) => {
        const count = batch.last - batch.first + 1;
        this.kept += count;
        this.stored += count;
        this.#reader.stored(batch);
        options.onChange();
      },
      // guard: D4 a segment that ends when all of it is acknowledged is removed, too
      onEnded: () => this.#advance(),
    });
  }

  /**
   * Opens the store of a folder, with what is left there. Rejects if the folder cannot be read, its end cannot be synced, or a newer version has
   * written there.
   */
  static async open(files: Files, options: StoreOptions): Promise<Store> {
    const found = await recover(files, options.onProblem);
    const names = await files.names();
    for (const name of LEFTOVERS) if (names.includes(name)) await files.remove(name);
    const store = new Store(files, options, found);
    store.#advance();
    return store;
  }

  /** Bytes of all files. */
  get bytes(): number {
    return this.#segments.bytes;
  }

  /** How often something was synced for a message. */
  get syncs(): number {
    return this.#appender.syncs;
  }

  /** Why nothing can be stored; undefined while it can. */
  get stopped(): { readonly cause: unknown } | undefined {
    return this.#appender.stopped;
  }

  /** Tries to store again. */
  resume(): void {
    this.#appender.resume();
  }

  /** Largest message that ever finds room, in bytes on the disk. */
  get largest(): number {
    return Math.floor(this.#options.maxBytes / 2);
  }

  /** Bytes that a message takes. Throws a RangeError if a record cannot have it. */
  measure(content: Content): number {
    return this.#encoder.measure(content);
  }

  hasRoomFor(bytes: number): boolean {
    const { waiting, waitingBytes } = this.#appender;
    const { maxBytes, maxMessages } = this.#options;
    // guard: D7 what is kept is bounded in bytes and messages
    return this.kept + waiting < maxMessages && this.bytes + waitingBytes + bytes <= maxBytes;
  }

  /** Appends a message. It is settled when it is on the disk, or cannot be stored. */
  append(entry: Entry): void {
    this.#appender.append(entry);
  }

  /**
   * The next messages, in order, each once, `most` at most; none if there are no more. Wait for each call before the next. Rejects if a file
   * cannot be read.
   */
  async take(most: number): Promise<readonly Kept[]> {
    return this.#reader.take(most);
  }

  /** Begins anew with the oldest message that is not acknowledged. Of those taken before, the acknowledged ones come again. */
  rewind(): void {
    this.#reader.seek(this.#acknowledged + 1);
  }

  isAcknowledged(sequence: number): boolean {
    return sequence <= this.#acknowledged || (this.#beyond.size > 0 && this.#beyond.has(sequence));
  }

  /** The message need not be kept any longer. After the end that is too late: another may have the folder. */
  acknowledge(sequence: number): void {
    // guard: D8 what is acknowledged after the end changes no file
    if (this.#isClosed) return;
    if (this.isAcknowledged(sequence)) return;
    this.kept--;
    if (sequence !== this.#acknowledged + 1) return void this.#beyond.add(sequence);
    this.#acknowledged = sequence;
    // There is nothing beyond it, and more of its segment: the case of nearly every message.
    const { last = 0 } = this.#segments.oldest ?? {};
    if (this.#beyond.size > 0 || sequence >= last) this.#advance();
  }

  /** Gives the oldest segment up, with all its messages. Resolves with how many there were. */
  async dropOldest(): Promise<number> {
    if (this.#segments.oldest === this.#appender.open) await this.#appender.roll();
    const { oldest } = this.#segments;
    if (oldest === undefined) return 0;
    const before = this.kept;
    for (let sequence = Math.max(oldest.first, this.#acknowledged + 1); sequence <= oldest.last; sequence++)
      this.acknowledge(sequence);
    this.#reader.skipTo(this.#acknowledged + 1);
    await this.#cleaning;
    return before - this.kept;
  }

  /** Writes down up to where all is acknowledged. What fails is a problem, told by the way. */
  save(): Promise<void> {
    return (this.#saving = this.#saving.then(() => this.#save()));
  }

  async #save(): Promise<void> {
    const sequence = this.#acknowledged;
    const segment = this.#segments.endingWith(sequence);
    if (segment === undefined || sequence === this.#saved) return;
    try {
      await writeCursor(this.#files, { sequence, instance: segment.instance });
      this.#saved = sequence;
    } catch (error) {
      const text = 'the spool cannot note what was delivered: after a crash it would send more messages again';
      this.#options.onProblem({ event: 'spoolCleaningFailed', text, error });
    }
  }

  /** Stores what waits, removes what is over, and closes the files. */
  async close(): Promise<void> {
    await this.#appender.roll();
    this.#isClosed = true;
    await this.#cleaning;
    await this.save();
  }

  #advance(): void {
    // Between segments there may be numbers that no message has: their segment is gone.
    for (let head = 0; ;) {
      while (this.#beyond.size > 0 && this.#beyond.delete(this.#acknowledged + 1)) this.#acknowledged++;
      const segment = this.#segments.at(head);
      if (segment === undefined) break;
      if (segment.first > this.#acknowledged + 1) this.#acknowledged = segment.first - 1;
      else if (segment.last <= this.#acknowledged) head++;
      else break;
    }
    // guard: D4 a segment is removed when all of it is acknowledged
    if (this.#isOver(this.#segments.oldest)) this.#cleaning ??= this.#clean();
  }

  #isOver(segment: Segment | undefined): segment is Segment {
    if (segment === undefined || segment === this.#appender.open) return false;
    // guard: D4 a segment without records is left to the one that gets its name
    return segment.first <= segment.last && segment.last <= this.#acknowledged;
  }

  /** Removes the segments that are over; those that are damaged are kept aside. */
  async #clean(): Promise<void> {
    try {
      for (let segment = this.#segments.oldest; this.#isOver(segment); segment = this.#segments.oldest) {
        const { name, isDamaged } = segment;
        // guard: D5 a file with something damaged in it is kept
        if (isDamaged) await unlessGone(this.#files.rename(name, asideOf(name)));
        else {
          // So that less comes again.
          await this.save();
          await this.#files.remove(name);
        }
        this.#segments.removeOldest();
        // guard: D4 segments are gone from the disk in their order
        await this.#files.syncFolder();
      }
    } catch (error) {
      const text = 'a file whose messages are all delivered cannot be removed; the spool tries again';
      this.#options.onProblem({ event: 'spoolCleaningFailed', text, error });
    }
    this.#cleaning = undefined;
    this.#options.onChange();
  }

  #miss(segment: Segment, from: number, to: number, why: Missing): void {
    segment.isDamaged ||= why === 'damaged';
    let count = 0;
    for (let sequence = from; sequence <= to; sequence++) {
      if (this.isAcknowledged(sequence)) continue;
      count++;
      this.acknowledge(sequence);
    }
    if (count === 0) return;
    this.lost += count;
    const text =
      why === 'damaged'
        ? `${count} messages on disk are damaged, and lost; the file will be kept as ${asideOf(segment.name)}`
        : `${count} messages are lost: somebody has removed the file that had them`;
    this.#options.onProblem({ event: 'spoolDamaged', text, file: segment.name, lost: count });
  }
}
