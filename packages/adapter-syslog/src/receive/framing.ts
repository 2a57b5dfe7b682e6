import { Chunk } from './chunk.js';
import { HeldOctets } from './held-octets.js';
import { LONGEST_HEAD, messageAt, type CountNeeds, type OctetCount } from './octet-count.js';

const NUL = 0;
const LF = 10;
const CR = 13;
const LESS = 60;
const NOTHING: Buffer = Buffer.alloc(0);

/** How a stream is split. */
export interface FramingOptions {
  /** Longest frame, in bytes. */
  readonly maxMessageBytes: number;
  /** What becomes of a longer one: its beginning is given, or nothing of it. `cut` unless given. */
  readonly tooLong?: 'cut' | 'refuse' | undefined;
  /** What ends a frame that has no octet count: LF or CR LF, NUL, or any of them, which it is unless given. */
  readonly delimiter?: 'newline' | 'nul' | 'any' | undefined;
  /**
   * What tells where a frame ends: each for itself its octet count if a whole PRI part follows that, else a delimiter (`auto`, unless
   * given); octet counts, whatever follows them (`octet-counting`); or delimiters alone (`newline`).
   */
  readonly framing?: 'auto' | 'octet-counting' | 'newline' | undefined;
}

/** Where in a frame the splitter is: before one, in one, in what is skipped of it. */
type State = 'between' | 'counted' | 'line' | 'skipCounted' | 'skipLine';
/** What is before the frame: a counted one, the same and line ends, or anything else. */
type Before = 'count' | 'countAndLineEnd' | 'other';

/**
 * Splits a stream into frames (RFC 6587), always the same ones however it is cut into chunks. What has no octet count is a line; empty
 * lines are no frames. An octet count is believed if the frame before had one, too; else not if a line end within it is followed by another
 * message. What does not begin as a message where an octet count said that one does is a line, which ends before the next octet count
 * at the latest. Of a frame that is too long the rest is skipped. Holds `maxMessageBytes` at most, besides the chunk pushed.
 *
 * @example
 * import { FrameSplitter } from '@sputnikjs/adapter-syslog';
 * const splitter = new FrameSplitter({ maxMessageBytes: 8192 });
 * const frames: string[] = [];
 * for (const chunk of ['9 <13>he', 'llo9 <13>wor', 'ld']) {
 *   splitter.push(Buffer.from(chunk));
 *   for (let frame = splitter.next(); frame; frame = splitter.next()) frames.push(frame.toString());
 * }
 * console.log(frames.join('|')); // <13>hello|<13>world
 */
export class FrameSplitter {
  readonly #maxBytes: number;
  readonly #cuts: boolean;
  /** Undefined where nothing is an octet count. */
  readonly #needs: CountNeeds | undefined;
  readonly #chunk: Chunk;
  readonly #held: HeldOctets;
  #state: State = 'between';
  #before: Before = 'other';
  /** Whether the octet count of this frame is believed, whatever is within it. */
  #trusted = false;
  /** Whether this line ends before an octet count, too. */
  #astray = false;
  /** The length that the frame's count announces; then what is left of it to skip. */
  #count = 0;
  #truncated = false;
  #refused = 0;
  #misfits = 0;

  constructor({ maxMessageBytes, tooLong = 'cut', delimiter = 'any', framing = 'auto' }: FramingOptions) {
    this.#maxBytes = maxMessageBytes;
    this.#cuts = tooLong === 'cut';
    this.#chunk = new Chunk(delimiter);
    this.#held = new HeldOctets(maxMessageBytes);
    // guard: an octet count is what a whole PRI part follows
    if (framing !== 'newline') this.#needs = framing === 'auto' ? 'pri' : 'blank';
  }

  /** True if the frame just given lacks its end. */
  get truncated(): boolean {
    return this.#truncated;
  }

  /** How many frames have been refused, for they were too long. */
  get refused(): number {
    return this.#refused;
  }

  /** How many octet counts did not fit what follows, or were not there where only they tell. */
  get misfits(): number {
    return this.#misfits;
  }

  /** What there is of a frame whose end has not come, in words; undefined if the stream is not inside one that is wanted. */
  get remainder(): string | undefined {
    if (this.#state === 'counted') return `${this.#held.length} of the ${this.#count} octets announced`;
    const come = this.#held.length + this.#chunk.carried;
    return this.#state === 'line' || come > 0 ? `${come} octets` : undefined;
  }

  /** Goes on with `chunk`. Take all frames of a chunk before you push the next. */
  push(chunk: Buffer): void {
    this.#chunk.push(chunk);
  }

  /** The next frame that is complete, without count and line end, or undefined if the chunk has no more. */
  next(): Buffer | undefined {
    this.#truncated = false;
    while (this.#chunk.at < this.#chunk.length) {
      const frame = this.#step();
      if (frame) return frame;
    }
    return undefined;
  }

  /**
   * The stream has ended: gives its last line if that had no line end. Call it until it gives nothing more. What has come of a counted
   * frame is its `remainder`, unless it is lines to which the count did not fit.
   */
  flush(): Buffer | undefined {
    this.#chunk.end();
    const earlier = this.next();
    if (earlier) return earlier;
    if (this.#state === 'counted' && this.#holdsLines()) {
      this.#misfits++;
      this.#beAt('between', 'other');
      this.#chunk.goOn(this.#held.take());
    } else if (this.#state !== 'between' || this.#before !== 'count') {
      this.push(NOTHING);
    }
    const frame = this.next();
    if (frame || this.#state !== 'line') return frame;
    this.#beAt('between', 'other');
    return withoutCr(this.#held.take());
  }

  #beAt(state: State, before: Before): void {
    this.#state = state;
    this.#before = before;
  }

  #step(): Buffer | undefined {
    if (this.#state === 'between') return this.#begin();
    if (this.#state === 'counted') return this.#readCounted();
    if (this.#state === 'line') return this.#readLine();
    return this.#state === 'skipLine' ? this.#skipLine() : this.#skipCounted();
  }

  #begin(): Buffer | undefined {
    const first = this.#chunk.octet;
    if (first === LF || first === NUL || first === CR) return this.#skipLineEnd();
    if (this.#needs === undefined || first === LESS) return this.#beginLine();
    const found = this.#chunk.octetCount(this.#needs);
    if (found === undefined) return undefined;
    if (found !== 'no') return this.#beginCounted(found);
    if (this.#before === 'count' || this.#needs === 'blank') this.#misfits++;
    return this.#beginLine();
  }

  #skipLineEnd(): undefined {
    this.#chunk.goTo(this.#chunk.at + 1);
    if (this.#before === 'count') this.#before = 'countAndLineEnd';
  }

  #beginLine(): undefined {
    // guard: after an octet count that was too small the next one is found
    this.#astray = this.#before === 'count';
    this.#state = 'line';
  }

  #beginCounted({ count, end }: OctetCount): Buffer | undefined {
    this.#chunk.goTo(end);
    if (count === 0) return this.#emptyFrame();
    this.#count = count;
    this.#trusted = this.#needs === 'blank' || this.#before !== 'other';
    this.#state = 'counted';
    return undefined;
  }

  #emptyFrame(): Buffer {
    this.#before = 'count';
    return NOTHING;
  }

  #readCounted(): Buffer | undefined {
    const length = Math.min(this.#count, this.#maxBytes);
    const before = this.#held.length;
    const part = this.#chunk.take(Math.min(this.#chunk.at + length - before, this.#chunk.length));
    if (before > 0) this.#held.add(part);
    const come = before > 0 ? this.#held.octets : part;
    const lineEnd = this.#trusted ? -1 : this.#lineEndBeforeMessage(come, Math.max(0, before - LONGEST_HEAD));
    // guard: an octet count that swallows messages is none
    if (lineEnd >= 0) return this.#rewind(come, lineEnd);
    if (come.length < length) return before > 0 ? undefined : this.#held.add(part);
    this.#held.take();
    return this.#endCounted(come);
  }

  #endCounted(frame: Buffer): Buffer | undefined {
    this.#beAt('between', 'count');
    if (this.#count === frame.length) return frame;
    this.#count -= frame.length;
    this.#state = 'skipCounted';
    if (!this.#cuts) return this.#refuse();
    this.#truncated = true;
    return frame;
  }

  /** Where a line ends that a whole PRI part follows, with an octet count or without; -1 if nowhere. */
  #lineEndBeforeMessage(octets: Buffer, from: number): number {
    for (let at = from; at < octets.length; at++)
      if (this.#chunk.isDelimiter(octets[at]) && messageAt(octets, at + 1, octets.length) === 'yes') return at;
    return -1;
  }

  /** It was a line, to which its octet count did not fit: gives that, and goes on behind it. */
  #rewind(come: Buffer, lineEnd: number): Buffer {
    this.#misfits++;
    this.#beAt('between', 'other');
    this.#held.take();
    this.#chunk.goBack(come.subarray(lineEnd));
    return withoutCr(come.subarray(0, lineEnd));
  }

  #holdsLines(): boolean {
    const held = this.#held.octets;
    return !this.#trusted && this.#chunk.isDelimiter(held[held.length - 1]);
  }

  #skipCounted(): undefined {
    const skipped = Math.min(this.#count, this.#chunk.length - this.#chunk.at);
    this.#chunk.goTo(this.#chunk.at + skipped);
    this.#count -= skipped;
    if (this.#count === 0) this.#state = 'between';
  }

  #readLine(): Buffer | undefined {
    const lineEnd = this.#lineEnd();
    const room = this.#maxBytes - this.#held.length;
    if (lineEnd - this.#chunk.at > room) {
      this.#state = 'skipLine';
      if (!this.#cuts) return this.#refuse();
      this.#truncated = true;
      return this.#held.joined(this.#chunk.take(this.#chunk.at + room));
    }
    const part = this.#chunk.take(lineEnd);
    if (lineEnd === this.#chunk.length) return this.#held.add(part);
    this.#beAt('between', 'other');
    return withoutCr(this.#held.joined(part));
  }

  #skipLine(): undefined {
    this.#chunk.goTo(this.#lineEnd());
    if (this.#chunk.at < this.#chunk.length) this.#beAt('between', 'other');
  }

  #lineEnd(): number {
    return this.#astray ? this.#chunk.lineEndOrCount() : this.#chunk.lineEnd();
  }

  #refuse(): undefined {
    this.#held.take();
    this.#refused++;
  }
}

function withoutCr(line: Buffer): Buffer {
  return line[line.length - 1] === CR ? line.subarray(0, -1) : line;
}
