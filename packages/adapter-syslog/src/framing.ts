const NUL = 0;
const LF = 10;
const CR = 13;
const SPACE = 32;
const ZERO = 48;
const NOTHING: Buffer = Buffer.alloc(0);

/** A stream that cannot be split any further: its connection has to be closed. */
export class FramingError extends Error {
  override readonly name = 'FramingError';
}

/** Where in a frame the splitter is: before one, in a MSG-LEN, in a counted frame, in a line, in the rest of a long line. */
type State = 'between' | 'count' | 'counted' | 'line' | 'surplus';

/**
 * Splits a TCP stream into frames (RFC 6587). The first octet of each frame decides: 1 to 9 begins an octet count, anything
 * else a line that ends with LF, CR LF or NUL. Empty lines are no frames. A line longer than `maxBytes` gives its
 * beginning, with `truncated` set; the rest is skipped. It holds `maxBytes` of the stream at most, besides the chunk pushed.
 */
export class FrameSplitter {
  readonly #maxBytes: number;
  #state: State = 'between';
  #chunk: Buffer = NOTHING;
  #at = 0;
  #nextLf = -1;
  #nextNul = -1;
  /** The length that the frame's count announces. */
  #count = 0;
  /** What earlier chunks had of the frame. */
  #held: Buffer = NOTHING;
  #heldLength = 0;
  #truncated = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** True if the frame just given lacks its end. */
  get truncated(): boolean {
    return this.#truncated;
  }

  /** True if the stream is inside a frame. */
  get incomplete(): boolean {
    return this.#state !== 'between' && this.#state !== 'surplus';
  }

  /** Goes on with `chunk`. Take all frames of a chunk before you push the next. */
  push(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#at = 0;
    this.#nextLf = -1;
    this.#nextNul = -1;
  }

  /**
   * The next frame that is complete, without count and line end, or undefined if the chunk has no more.
   * Throws a FramingError at a count that is malformed or above the limit.
   */
  next(): Buffer | undefined {
    this.#truncated = false;
    while (this.#at < this.#chunk.length) {
      if (this.#state === 'between') this.#begin();
      else if (this.#state === 'count') this.#readCount();
      else if (this.#state === 'surplus') this.#skipLine();
      else {
        const frame = this.#state === 'line' ? this.#readLine() : this.#readCounted();
        if (frame) return frame;
      }
    }
    return undefined;
  }

  /**
   * The stream has ended: gives its last line if that had no line end.
   * Throws a FramingError if the stream ended inside an octet-counted frame.
   */
  flush(): Buffer | undefined {
    const state = this.#state;
    this.#state = 'between';
    if (state === 'line') return withoutCr(this.#takeHeld());
    if (state === 'count') throw new FramingError('the connection ended inside the octet count of a frame');
    if (state !== 'counted') return undefined;
    throw new FramingError(
      `the connection ended inside a frame: ${this.#heldLength} of the ${this.#count} octets announced had come`,
    );
  }

  #begin(): void {
    const first = this.#chunk[this.#at] as number;
    if (first === LF || first === NUL || first === CR) {
      this.#at++;
    } else if (first > ZERO && first <= ZERO + 9) {
      this.#state = 'count';
      this.#count = 0;
    } else {
      this.#state = 'line';
    }
  }

  #readCount(): void {
    const octet = this.#chunk[this.#at++] as number;
    if (octet === SPACE) {
      this.#state = 'counted';
    } else if (octet >= ZERO && octet <= ZERO + 9) {
      this.#count = this.#count * 10 + octet - ZERO;
      if (this.#count > this.#maxBytes) {
        throw new FramingError(
          `a frame announces more than maxMessageBytes (${this.#maxBytes}) octets; raise it if that is right`,
        );
      }
    } else {
      throw new FramingError('a frame that begins with a digit must begin with an octet count and a space (RFC 6587)');
    }
  }

  #readCounted(): Buffer | undefined {
    const end = Math.min(this.#at + this.#count - this.#heldLength, this.#chunk.length);
    const part = this.#take(end);
    if (this.#heldLength + part.length < this.#count) return this.#hold(part);
    this.#state = 'between';
    return this.#join(part);
  }

  #readLine(): Buffer | undefined {
    const lineEnd = this.#lineEnd();
    const room = this.#maxBytes - this.#heldLength;
    if (lineEnd - this.#at > room) {
      this.#state = 'surplus';
      this.#truncated = true;
      return this.#join(this.#take(this.#at + room));
    }
    const part = this.#take(lineEnd);
    if (lineEnd === this.#chunk.length) return this.#hold(part);
    this.#at++;
    this.#state = 'between';
    return withoutCr(this.#join(part));
  }

  #skipLine(): void {
    this.#at = this.#lineEnd();
    if (this.#at < this.#chunk.length) this.#state = 'between';
  }

  /** Where the next LF or NUL is, or the end of the chunk. Each is looked for again only when it has been passed. */
  #lineEnd(): number {
    if (this.#nextLf < this.#at) this.#nextLf = this.#find(LF);
    if (this.#nextNul < this.#at) this.#nextNul = this.#find(NUL);
    return Math.min(this.#nextLf, this.#nextNul);
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
