import { Chunk } from './chunk.js';
import { HeldOctets } from './held-octets.js';
import { LONGEST_HEAD, messageAt, type CountNeeds, type OctetCount } from './octet-count.js';

const NUL = 0;
const LF = 10;
const CR = 13;
const LESS = 60;
const NOTHING: Buffer = Buffer.alloc(0);

/** How to split a stream into frames. */
export interface FramingOptions {
  /** Longest frame, in bytes. */
  readonly maxMessageBytes: number;
  /** What to do with a longer frame: return its beginning (`cut`, the default), or skip it. */
  readonly tooLong?: 'cut' | 'refuse' | undefined;
  /** What ends a frame without an octet count: LF or CR LF, NUL, or any of these (the default). */
  readonly delimiter?: 'newline' | 'nul' | 'any' | undefined;
  /**
   * What says where a frame ends. `auto` (the default): for each frame its octet count, if a complete PRI part follows that, otherwise a
   * delimiter. `octet-counting`: octet counts, whatever follows. `newline`: only delimiters.
   */
  readonly framing?: 'auto' | 'octet-counting' | 'newline' | undefined;
}

/** Where the splitter is: between frames, in a frame, or in the part of it that is skipped. */
type State = 'between' | 'counted' | 'line' | 'skipCounted' | 'skipLine';
/** What precedes the frame: a counted frame, a counted frame and line ends, or anything else. */
type Before = 'count' | 'countAndLineEnd' | 'other';

/**
 * Splits a stream into frames (RFC 6587). The frames do not depend on how the stream is cut into chunks. A frame without an octet count is a
 * line; empty lines are skipped. An octet count is trusted if the frame before had one. Otherwise it is not trusted if its frame contains a
 * line end that another message follows. Where a message should begin and does not, the text is a line, which ends at the next octet
 * count at the latest. The rest of a frame that is too long is skipped. Holds at most `maxMessageBytes` besides the current chunk.
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
  /** Undefined if octet counts are not used. */
  readonly #needs: CountNeeds | undefined;
  readonly #chunk: Chunk;
  readonly #held: HeldOctets;
  #state: State = 'between';
  #before: Before = 'other';
  /** True if the octet count of this frame is trusted, whatever the frame contains. */
  #trusted = false;
  /** True if an octet count also ends this line. */
  #astray = false;
  /** The octet count of the frame; later, the number of octets that are left to skip. */
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

  /** True if the end of the last frame is missing. */
  get truncated(): boolean {
    return this.#truncated;
  }

  /** Number of frames that were skipped, since they were too long. */
  get refused(): number {
    return this.#refused;
  }

  /** Number of octet counts that did not fit what follows, or were missing with `octet-counting`. */
  get misfits(): number {
    return this.#misfits;
  }

  /** True inside a frame that is wanted. */
  get isWithin(): boolean {
    return this.#state === 'counted' || this.#state === 'line';
  }

  /** Says in words what has come of an incomplete frame; undefined if there is none, or it is being skipped. */
  get remainder(): string | undefined {
    if (this.#state === 'counted') return `${this.#held.length} of the ${this.#count} octets announced`;
    const come = this.#held.length + this.#chunk.carried;
    return this.#state === 'line' || come > 0 ? `${come} octets` : undefined;
  }

  /** Adds the next chunk. Take all frames of a chunk before you push the next. */
  push(chunk: Buffer): void {
    this.#chunk.push(chunk);
  }

  /** Returns the next complete frame, without octet count and line end; undefined if the chunk has no more. */
  next(): Buffer | undefined {
    this.#truncated = false;
    while (this.#chunk.at < this.#chunk.length) {
      const frame = this.#step();
      if (frame) return frame;
    }
    return undefined;
  }

  /**
   * Call it when the stream has ended, until it returns undefined: it returns the last line, which may lack its line end. An incomplete
   * counted frame is not returned, but told by `remainder`, unless the frame consists of lines that its count did not fit.
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

  /** Returns where a line end is that a message follows, with an octet count or without; -1 if there is none. */
  #lineEndBeforeMessage(octets: Buffer, from: number): number {
    for (let at = from; at < octets.length; at++)
      if (this.#chunk.isDelimiter(octets[at]) && messageAt(octets, at + 1, octets.length) === 'yes') return at;
    return -1;
  }

  /** The octet count did not fit: returns the line, and goes on after it. */
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
