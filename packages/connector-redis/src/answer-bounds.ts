const [CR, LF, PLUS, MINUS, COLON, DOLLAR, STAR] = [13, 10, 43, 45, 58, 36, 42];
const [ZERO, NINE] = [48, 57];

/** The largest number of values that an answer may be made of: an array takes memory for all that it announces at once. */
const MOST_VALUES = 2 ** 18;
/** No line is longer, of a status, an error or a number: the library copies what it has of one with each piece that comes. */
const MOST_LINE_BYTES = 64 * 1024;
/** No length has more digits. */
const MOST_DIGITS = 12;

/** Where a reader of answers is. */
type Place = 'type' | 'text' | 'length' | 'end' | 'bulk';

/** What ends a client that gets something other than answers. */
export const NOT_REDIS = 'it does not speak Redis; is the url right?';

/** Follows the answers of a server (RESP2), piece by piece, and says when one is larger than it may be, as soon as it is announced. */
export class AnswerBounds {
  #most: number;
  #tooLarge: (bytes: number) => Error;
  #place: Place = 'type';
  /** Of the value that is being read. */
  #type = 0;
  /** Its length, as far as it was read; -1 for none at all. */
  #length = 0;
  #digits = 0;
  /** Bytes of its line, if it is one. */
  #line = 0;
  #isNothing = false;
  /** Bytes of a bulk that are still to come, with its end. */
  #left = 0;
  /** Of the answer: values that are still to come, values in all, and bytes. */
  #open = 1;
  #values = 0;
  #bytes = 0;

  /** `tooLarge` makes the error of an answer of so many bytes, which is more than `most`. */
  constructor(most: number, tooLarge: (bytes: number) => Error) {
    this.#most = most;
    this.#tooLarge = tooLarge;
  }

  /** Answers may be so large from now on, that too which has begun. */
  raise(most: number, tooLarge: (bytes: number) => Error): void {
    this.#most = most;
    this.#tooLarge = tooLarge;
  }

  /** What is wrong with what has come. */
  take(bytes: Buffer): Error | undefined {
    for (let at = 0; at < bytes.length;) {
      const next = this.#step(bytes, at);
      if (next === undefined) return new Error(NOT_REDIS);
      this.#bytes += next - at;
      at = next;
      if (this.#bytes + this.#left > this.#most) return this.#tooLarge(this.#bytes + this.#left);
      // guard: an answer of more values than any has ends the client
      if (this.#values > MOST_VALUES)
        return new Error(`the server announces an answer of more than ${MOST_VALUES} values`);
      // guard: a line that no server says ends the client
      if (this.#line > MOST_LINE_BYTES)
        return new Error('the server says a line of more than 64 kB, which no Redis server does');
      if (this.#open === 0) this.#begin();
    }
    return undefined;
  }

  #begin(): void {
    this.#open = 1;
    this.#values = this.#bytes = 0;
  }

  /** Reads on from there, and returns where it has come to; undefined if that is no answer. */
  #step(bytes: Buffer, at: number): number | undefined {
    if (this.#place === 'bulk') return this.#skip(bytes, at);
    if (this.#place === 'text') return this.#readText(bytes, at);
    const byte = bytes[at] as number;
    if (this.#place === 'type') return this.#readType(byte) ? at + 1 : undefined;
    if (this.#place === 'end') return byte === LF ? this.#endLine(at + 1) : undefined;
    return this.#readLength(byte) ? at + 1 : undefined;
  }

  #readType(byte: number): boolean {
    this.#type = byte;
    this.#length = this.#digits = this.#line = 0;
    this.#isNothing = false;
    this.#place = byte === DOLLAR || byte === STAR ? 'length' : 'text';
    return this.#place === 'length' || byte === PLUS || byte === MINUS || byte === COLON;
  }

  #readText(bytes: Buffer, at: number): number {
    const found = bytes.indexOf(CR, at);
    const end = found === -1 ? bytes.length : found + 1;
    this.#line += end - at;
    if (found !== -1) this.#place = 'end';
    return end;
  }

  #readLength(byte: number): boolean {
    if (byte === CR) this.#place = 'end';
    else if (byte === MINUS && this.#digits === 0 && !this.#isNothing) this.#isNothing = true;
    else if (byte >= ZERO && byte <= NINE && ++this.#digits <= MOST_DIGITS)
      this.#length = this.#length * 10 + byte - ZERO;
    else return false;
    // guard: a length that is none ends the client
    return byte !== CR || (this.#digits > 0 && (!this.#isNothing || this.#length === 1));
  }

  #endLine(at: number): number {
    this.#place = 'type';
    this.#values++;
    this.#open--;
    if (this.#isNothing) return at;
    if (this.#type === STAR) {
      this.#open += this.#length;
      this.#values += this.#length;
    } else if (this.#type === DOLLAR) {
      this.#left = this.#length + 2;
      this.#open++;
      this.#place = 'bulk';
    }
    return at;
  }

  #skip(bytes: Buffer, at: number): number {
    const part = Math.min(this.#left, bytes.length - at);
    this.#left -= part;
    if (this.#left === 0) {
      this.#open--;
      this.#place = 'type';
    }
    return at + part;
  }
}
