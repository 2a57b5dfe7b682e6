import { LONGEST_HEAD, messageAt, octetCountAt, type CountNeeds, type OctetCount } from './octet-count.js';

const NUL = 0;
const LF = 10;
const CR = 13;
const ZERO = 48;
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
  readonly #lf: boolean;
  readonly #nul: boolean;
  /** Undefined where nothing is an octet count. */
  readonly #needs: CountNeeds | undefined;
  #state: State = 'between';
  #before: Before = 'other';
  /** Whether the octet count of this frame is believed, whatever is within it. */
  #trusted = false;
  /** Whether this line ends before an octet count, too. */
  #astray = false;
  #chunk: Buffer = NOTHING;
  /** Whether the last octet before the chunk is a digit. */
  #afterDigit = false;
  #at = 0;
  #nextLf = -1;
  #nextNul = -1;
  /** The length that the frame's count announces; then what is left of it to skip. */
  #count = 0;
  /** What earlier chunks had of the frame. */
  #held: Buffer = NOTHING;
  #heldLength = 0;
  /** What may become an octet count, as the next chunk will tell. */
  #carried: Buffer = NOTHING;
  #ended = false;
  #truncated = false;
  #refused = 0;
  #misfits = 0;

  constructor({ maxMessageBytes, tooLong = 'cut', delimiter = 'any', framing = 'auto' }: FramingOptions) {
    this.#maxBytes = maxMessageBytes;
    this.#cuts = tooLong === 'cut';
    this.#lf = delimiter !== 'nul';
    this.#nul = delimiter !== 'newline';
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
    if (this.#state === 'counted') return `${this.#heldLength} of the ${this.#count} octets announced`;
    const come = this.#heldLength + this.#carried.length;
    return this.#state === 'line' || come > 0 ? `${come} octets` : undefined;
  }

  /** Goes on with `chunk`. Take all frames of a chunk before you push the next. */
  push(chunk: Buffer): void {
    this.#goOn(this.#carried.length === 0 ? chunk : Buffer.concat([this.#carried, chunk]));
    this.#carried = NOTHING;
  }

  /** The next frame that is complete, without count and line end, or undefined if the chunk has no more. */
  next(): Buffer | undefined {
    this.#truncated = false;
    while (this.#at < this.#chunk.length) {
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
    this.#ended = true;
    const earlier = this.next();
    if (earlier) return earlier;
    if (this.#state === 'counted' && this.#holdsLines()) {
      this.#misfits++;
      this.#beAt('between', 'other');
      this.#goOn(this.#takeHeld());
    } else if (this.#state !== 'between' || this.#before !== 'count') {
      this.push(NOTHING);
    }
    const frame = this.next();
    if (frame || this.#state !== 'line') return frame;
    this.#beAt('between', 'other');
    return withoutCr(this.#takeHeld());
  }

  #goOn(chunk: Buffer): void {
    if (this.#chunk.length > 0) this.#afterDigit = isDigit(this.#chunk[this.#chunk.length - 1]);
    this.#chunk = chunk;
    this.#at = 0;
    this.#nextLf = -1;
    this.#nextNul = -1;
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
    const first = this.#chunk[this.#at] as number;
    if (first === LF || first === NUL || first === CR) return this.#skipLineEnd();
    if (this.#needs === undefined || first === LESS) return this.#beginLine();
    const found = octetCountAt(this.#chunk, this.#at, this.#chunk.length, this.#needs);
    if (typeof found !== 'string') return this.#beginCounted(found);
    // guard: digits at the end of a chunk may begin an octet count
    if (found === 'unknown' && !this.#ended) return this.#carry(this.#at);
    if (this.#before === 'count' || this.#needs === 'blank') this.#misfits++;
    return this.#beginLine();
  }

  #skipLineEnd(): undefined {
    this.#at++;
    if (this.#before === 'count') this.#before = 'countAndLineEnd';
  }

  #beginLine(): undefined {
    // guard: after an octet count that was too small the next one is found
    this.#astray = this.#before === 'count';
    this.#state = 'line';
  }

  #beginCounted({ count, end }: OctetCount): Buffer | undefined {
    this.#at = end;
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
    const before = this.#heldLength;
    const part = this.#take(Math.min(this.#at + length - before, this.#chunk.length));
    if (before > 0) this.#hold(part);
    const come = before > 0 ? this.#held.subarray(0, this.#heldLength) : part;
    const lineEnd = this.#trusted ? -1 : this.#lineEndBeforeMessage(come, Math.max(0, before - LONGEST_HEAD));
    // guard: an octet count that swallows messages is none
    if (lineEnd >= 0) return this.#rewind(come, lineEnd);
    if (come.length < length) return before > 0 ? undefined : this.#hold(part);
    this.#takeHeld();
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
      if (this.#isDelimiter(octets[at]) && messageAt(octets, at + 1, octets.length) === 'yes') return at;
    return -1;
  }

  /** It was a line, to which its octet count did not fit: gives that, and goes on behind it. */
  #rewind(come: Buffer, lineEnd: number): Buffer {
    this.#misfits++;
    this.#beAt('between', 'other');
    this.#takeHeld();
    this.#goOn(Buffer.concat([come.subarray(lineEnd), this.#chunk.subarray(this.#at)]));
    return withoutCr(come.subarray(0, lineEnd));
  }

  #holdsLines(): boolean {
    return !this.#trusted && this.#heldLength > 0 && this.#isDelimiter(this.#held[this.#heldLength - 1]);
  }

  #isDelimiter(octet: number | undefined): boolean {
    return (octet === LF && this.#lf) || (octet === NUL && this.#nul);
  }

  #skipCounted(): undefined {
    const skipped = Math.min(this.#count, this.#chunk.length - this.#at);
    this.#at += skipped;
    this.#count -= skipped;
    if (this.#count === 0) this.#state = 'between';
  }

  #readLine(): Buffer | undefined {
    const lineEnd = this.#astray ? this.#lineEndOrCount() : this.#lineEnd();
    const room = this.#maxBytes - this.#heldLength;
    if (lineEnd - this.#at > room) {
      this.#state = 'skipLine';
      if (!this.#cuts) return this.#refuse();
      this.#truncated = true;
      return this.#join(this.#take(this.#at + room));
    }
    const part = this.#take(lineEnd);
    if (lineEnd === this.#chunk.length) return this.#hold(part);
    this.#beAt('between', 'other');
    return withoutCr(this.#join(part));
  }

  #skipLine(): undefined {
    this.#at = this.#astray ? this.#lineEndOrCount() : this.#lineEnd();
    if (this.#at < this.#chunk.length) this.#beAt('between', 'other');
  }

  #refuse(): undefined {
    this.#takeHeld();
    this.#refused++;
  }

  /** Where the line ends, or else the chunk. Each delimiter is looked for again only when it has been passed. */
  #lineEnd(): number {
    if (this.#lf && this.#nextLf < this.#at) this.#nextLf = this.#find(LF);
    if (this.#nul && this.#nextNul < this.#at) this.#nextNul = this.#find(NUL);
    if (!this.#nul) return this.#nextLf;
    return this.#lf ? Math.min(this.#nextLf, this.#nextNul) : this.#nextNul;
  }

  /** Where the line ends, or an octet count with a whole PRI part begins; what may become one waits for the next chunk. */
  #lineEndOrCount(): number {
    const lineEnd = this.#lineEnd();
    let wasDigit = this.#at > 0 ? isDigit(this.#chunk[this.#at - 1]) : this.#afterDigit;
    for (let at = this.#at; at < lineEnd; at++) {
      const digit = isDigit(this.#chunk[at]);
      if (digit && !wasDigit) {
        const found = octetCountAt(this.#chunk, at, lineEnd, 'pri');
        if (typeof found !== 'string') return at;
        if (found === 'unknown' && lineEnd === this.#chunk.length && !this.#ended) {
          this.#carry(at);
          return at;
        }
      }
      wasDigit = digit;
    }
    return lineEnd;
  }

  #find(octet: number): number {
    const found = this.#chunk.indexOf(octet, this.#at);
    return found < 0 ? this.#chunk.length : found;
  }

  #take(end: number): Buffer {
    const part = this.#chunk.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  /** Leaves the chunk from `from` on to the next one. */
  #carry(from: number): undefined {
    this.#carried = Buffer.concat([this.#chunk.subarray(from), this.#carried]);
    this.#chunk = this.#chunk.subarray(0, from);
    this.#nextLf = Math.min(this.#nextLf, from);
    this.#nextNul = Math.min(this.#nextNul, from);
  }

  /** Keeps `part` until the frame is complete. The room doubles, so that single octets cost no more than long chunks. */
  #hold(part: Buffer): undefined {
    const length = this.#heldLength + part.length;
    if (length > this.#held.length) {
      const roomier = Buffer.allocUnsafe(Math.max(length, Math.min(2 * this.#held.length, this.#maxBytes)));
      this.#held.copy(roomier, 0, 0, this.#heldLength);
      this.#held = roomier;
    }
    part.copy(this.#held, this.#heldLength);
    this.#heldLength = length;
  }

  #join(part: Buffer): Buffer {
    if (this.#heldLength === 0) return part;
    this.#hold(part);
    return this.#takeHeld();
  }

  #takeHeld(): Buffer {
    const frame = this.#held.subarray(0, this.#heldLength);
    this.#held = NOTHING;
    this.#heldLength = 0;
    return frame;
  }
}

function isDigit(octet: number | undefined): boolean {
  return octet !== undefined && octet >= ZERO && octet <= ZERO + 9;
}

function withoutCr(line: Buffer): Buffer {
  return line[line.length - 1] === CR ? line.subarray(0, -1) : line;
}
