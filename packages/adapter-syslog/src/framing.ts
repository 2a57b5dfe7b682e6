const NUL = 0;
const LF = 10;
const CR = 13;
const SPACE = 32;
const ZERO = 48;
/** A number of more digits is no octet count. */
const MOST_DIGITS = 9;
const NOTHING: Buffer = Buffer.alloc(0);

/** How a stream is split. */
export interface FramingOptions {
  /** Longest frame, in bytes. */
  readonly maxMessageBytes: number;
  /** What becomes of a longer one: its beginning is given, or nothing of it. `cut` unless given. */
  readonly tooLong?: 'cut' | 'refuse' | undefined;
  /** What ends a frame that has no octet count: LF or CR LF, NUL, or any of them, which it is unless given. */
  readonly delimiter?: 'newline' | 'nul' | 'any' | undefined;
}

/** Where in a frame the splitter is: before one, in what may be its octet count, in the frame, in what is skipped of it. */
type State = 'between' | 'count' | 'counted' | 'line' | 'skipCounted' | 'skipLine';

/**
 * Splits a stream into frames (RFC 6587), always the same ones however it is cut into chunks. The first frame decides: if it begins with
 * an octet count and a space, so do those after it, and one that does not is a line; otherwise all are lines. Empty lines are no
 * frames; a counted frame may be empty. Of a frame that is too long the rest is skipped. Holds `maxMessageBytes` at most, besides the chunk pushed.
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
  /** Digits are held as a frame is: there are no more than of its octets. */
  readonly #mostDigits: number;
  readonly #cuts: boolean;
  readonly #lf: boolean;
  readonly #nul: boolean;
  #state: State = 'between';
  /** What the first frame decided; undefined before it. */
  #counts: boolean | undefined;
  #chunk: Buffer = NOTHING;
  #at = 0;
  #nextLf = -1;
  #nextNul = -1;
  /** The length that the frame's count announces; then what is left of it to skip. */
  #count = 0;
  /** What earlier chunks had of the frame. */
  #held: Buffer = NOTHING;
  #heldLength = 0;
  #truncated = false;
  #refused = 0;

  constructor({ maxMessageBytes, tooLong = 'cut', delimiter = 'any' }: FramingOptions) {
    this.#maxBytes = maxMessageBytes;
    this.#mostDigits = Math.min(MOST_DIGITS, maxMessageBytes);
    this.#cuts = tooLong === 'cut';
    this.#lf = delimiter !== 'nul';
    this.#nul = delimiter !== 'newline';
  }

  /** True if the frame just given lacks its end. */
  get truncated(): boolean {
    return this.#truncated;
  }

  /** How many frames have been refused, for they were too long. */
  get refused(): number {
    return this.#refused;
  }

  /** What there is of a frame whose end has not come, in words; undefined if the stream is not inside one that is wanted. */
  get remainder(): string | undefined {
    if (this.#state === 'counted') return `${this.#heldLength} of the ${this.#count} octets announced`;
    return this.#state === 'line' || this.#state === 'count' ? `${this.#heldLength} octets` : undefined;
  }

  /** Goes on with `chunk`. Take all frames of a chunk before you push the next. */
  push(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#at = 0;
    this.#nextLf = -1;
    this.#nextNul = -1;
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

  /** The stream has ended: gives its last line if that had no line end. What has come of a counted frame is its `remainder`. */
  flush(): Buffer | undefined {
    const isLine = this.#state === 'line' || (this.#state === 'count' && !this.#counts);
    if (!isLine) return undefined;
    this.#state = 'between';
    return withoutCr(this.#takeHeld());
  }

  #step(): Buffer | undefined {
    if (this.#state === 'between') return this.#begin();
    if (this.#state === 'count') return this.#readCount();
    if (this.#state === 'counted') return this.#readCounted();
    if (this.#state === 'line') return this.#readLine();
    return this.#state === 'skipLine' ? this.#skipLine() : this.#skipCounted();
  }

  #begin(): undefined {
    const first = this.#chunk[this.#at] as number;
    if (first === LF || first === NUL || first === CR) {
      this.#at++;
    } else if (this.#mayBeginCount(first)) {
      this.#state = 'count';
      this.#count = 0;
    } else {
      this.#beginLine();
    }
  }

  /** A zero is the count of an empty frame only where frames before it had counts: a line may begin with one. */
  #mayBeginCount(octet: number): boolean {
    if (this.#counts === false || octet > ZERO + 9) return false;
    return octet > ZERO || (octet === ZERO && this.#counts === true);
  }

  #beginLine(): undefined {
    this.#counts ??= false;
    this.#state = 'line';
  }

  /** The digits are held until it is clear that they are a count. */
  #readCount(): Buffer | undefined {
    let at = this.#at;
    for (; at < this.#chunk.length; at++) {
      const octet = this.#chunk[at] as number;
      if (octet < ZERO || octet > ZERO + 9) break;
      const leadingZero = this.#count === 0 && this.#heldLength + at > this.#at;
      if (leadingZero) return this.#beginLine();
      this.#count = this.#count * 10 + octet - ZERO;
    }
    if (this.#heldLength + at - this.#at > this.#mostDigits) return this.#beginLine();
    if (at === this.#chunk.length) return this.#hold(this.#take(at));
    if (this.#chunk[at] !== SPACE) return this.#beginLine();
    this.#takeHeld();
    this.#at = at + 1;
    this.#counts = true;
    if (this.#count === 0) return this.#emptyFrame();
    this.#state = 'counted';
    return this.#count > this.#maxBytes && !this.#cuts ? this.#refuse('skipCounted') : undefined;
  }

  #emptyFrame(): Buffer {
    this.#state = 'between';
    return NOTHING;
  }

  #readCounted(): Buffer | undefined {
    const length = Math.min(this.#count, this.#maxBytes);
    const part = this.#take(Math.min(this.#at + length - this.#heldLength, this.#chunk.length));
    if (this.#heldLength + part.length < length) return this.#hold(part);
    this.#state = 'between';
    if (this.#count > length) {
      this.#count -= length;
      this.#state = 'skipCounted';
      this.#truncated = true;
    }
    return this.#join(part);
  }

  #skipCounted(): undefined {
    const skipped = Math.min(this.#count, this.#chunk.length - this.#at);
    this.#at += skipped;
    this.#count -= skipped;
    if (this.#count === 0) this.#state = 'between';
  }

  #readLine(): Buffer | undefined {
    const lineEnd = this.#lineEnd();
    const room = this.#maxBytes - this.#heldLength;
    if (lineEnd - this.#at > room) {
      if (!this.#cuts) return this.#refuse('skipLine');
      this.#state = 'skipLine';
      this.#truncated = true;
      return this.#join(this.#take(this.#at + room));
    }
    const part = this.#take(lineEnd);
    if (lineEnd === this.#chunk.length) return this.#hold(part);
    this.#at++;
    this.#state = 'between';
    return withoutCr(this.#join(part));
  }

  #skipLine(): undefined {
    this.#at = this.#lineEnd();
    if (this.#at < this.#chunk.length) this.#state = 'between';
  }

  #refuse(rest: State): undefined {
    this.#takeHeld();
    this.#refused++;
    this.#state = rest;
  }

  /** Where the line ends, or else the chunk. Each delimiter is looked for again only when it has been passed. */
  #lineEnd(): number {
    if (this.#lf && this.#nextLf < this.#at) this.#nextLf = this.#find(LF);
    if (this.#nul && this.#nextNul < this.#at) this.#nextNul = this.#find(NUL);
    if (!this.#nul) return this.#nextLf;
    return this.#lf ? Math.min(this.#nextLf, this.#nextNul) : this.#nextNul;
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

function withoutCr(line: Buffer): Buffer {
  return line[line.length - 1] === CR ? line.subarray(0, -1) : line;
}
