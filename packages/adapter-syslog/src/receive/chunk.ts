import { octetCountAt, type CountNeeds, type OctetCount } from './octet-count.js';

const NUL = 0;
const LF = 10;
const ZERO = 48;
const NOTHING: Buffer = Buffer.alloc(0);

/** The latest octets of a stream, and how far they have been read. Finds where a line ends and where an octet count begins. */
export class Chunk {
  readonly #lf: boolean;
  readonly #nul: boolean;
  #octets: Buffer = NOTHING;
  #at = 0;
  /** True if the octet before the chunk is a digit. */
  #afterDigit = false;
  #nextLf = -1;
  #nextNul = -1;
  /** Octets that may begin an octet count; the next chunk decides. */
  #carried: Buffer = NOTHING;
  #ended = false;

  constructor(delimiter: 'newline' | 'nul' | 'any') {
    this.#lf = delimiter !== 'nul';
    this.#nul = delimiter !== 'newline';
  }

  get length(): number {
    return this.#octets.length;
  }

  /** Index of the next octet. */
  get at(): number {
    return this.#at;
  }

  /** The next octet. There must be one. */
  get octet(): number {
    return this.#octets[this.#at] as number;
  }

  /** Number of octets that wait for the next chunk. */
  get carried(): number {
    return this.#carried.length;
  }

  /** Says that no chunk follows: what might begin an octet count is none. */
  end(): void {
    this.#ended = true;
  }

  /** Goes on with the next chunk, after the octets that waited for it. */
  push(octets: Buffer): void {
    this.goOn(this.#carried.length === 0 ? octets : Buffer.concat([this.#carried, octets]));
    this.#carried = NOTHING;
  }

  /** Goes on with `octets`. */
  goOn(octets: Buffer): void {
    if (this.#octets.length > 0) this.#afterDigit = isDigit(this.#octets[this.#octets.length - 1]);
    this.#octets = octets;
    this.#at = 0;
    this.#nextLf = -1;
    this.#nextNul = -1;
  }

  /** Goes back: reads `octets` again before the rest of the chunk. */
  goBack(octets: Buffer): void {
    this.goOn(Buffer.concat([octets, this.#octets.subarray(this.#at)]));
  }

  goTo(at: number): void {
    this.#at = at;
  }

  /** Takes the octets up to `end`, which is then the next index. */
  take(end: number): Buffer {
    const part = this.#octets.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  /**
   * Reads the octet count here; `no` if there is none. Returns undefined if the next chunk decides: the octets then wait for it.
   */
  octetCount(needs: CountNeeds): OctetCount | 'no' | undefined {
    const found = octetCountAt(this.#octets, this.#at, this.#octets.length, needs);
    if (found !== 'unknown') return found;
    // guard: digits at the end of a chunk may begin an octet count
    if (!this.#ended) return this.#carry(this.#at);
    return 'no';
  }

  /** Returns where the line, or else the chunk, ends. Searches for each delimiter again only once it was passed. */
  lineEnd(): number {
    if (this.#lf && this.#nextLf < this.#at) this.#nextLf = this.#find(LF);
    if (this.#nul && this.#nextNul < this.#at) this.#nextNul = this.#find(NUL);
    if (!this.#nul) return this.#nextLf;
    return this.#lf ? Math.min(this.#nextLf, this.#nextNul) : this.#nextNul;
  }

  /** Returns where the line ends, or where an octet count with a PRI part begins. Octets that may begin one wait for the next chunk. */
  lineEndOrCount(): number {
    const lineEnd = this.lineEnd();
    let wasDigit = this.#at > 0 ? isDigit(this.#octets[this.#at - 1]) : this.#afterDigit;
    for (let at = this.#at; at < lineEnd; at++) {
      const digit = isDigit(this.#octets[at]);
      if (digit && !wasDigit) {
        const found = octetCountAt(this.#octets, at, lineEnd, 'pri');
        if (typeof found !== 'string') return at;
        if (found === 'unknown' && lineEnd === this.#octets.length && !this.#ended) {
          this.#carry(at);
          return at;
        }
      }
      wasDigit = digit;
    }
    return lineEnd;
  }

  isDelimiter(octet: number | undefined): boolean {
    return (octet === LF && this.#lf) || (octet === NUL && this.#nul);
  }

  #find(octet: number): number {
    const found = this.#octets.indexOf(octet, this.#at);
    return found < 0 ? this.#octets.length : found;
  }

  /** Moves the octets from `from` on to the next chunk. */
  #carry(from: number): undefined {
    this.#carried = Buffer.concat([this.#octets.subarray(from), this.#carried]);
    this.#octets = this.#octets.subarray(0, from);
    this.#nextLf = Math.min(this.#nextLf, from);
    this.#nextNul = Math.min(this.#nextNul, from);
  }
}

function isDigit(octet: number | undefined): boolean {
  return octet !== undefined && octet >= ZERO && octet <= ZERO + 9;
}
