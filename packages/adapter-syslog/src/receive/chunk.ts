import { octetCountAt, type CountNeeds, type OctetCount } from './octet-count.js';

const NUL = 0;
const LF = 10;
const ZERO = 48;
const NOTHING: Buffer = Buffer.alloc(0);

/** The octets of a stream that have come last, and how far they are read; finds where a line or an octet count begins or ends. */
export class Chunk {
  readonly #lf: boolean;
  readonly #nul: boolean;
  #octets: Buffer = NOTHING;
  #at = 0;
  /** Whether the octet before the chunk is a digit. */
  #afterDigit = false;
  #nextLf = -1;
  #nextNul = -1;
  /** What may become an octet count, as the next chunk will tell. */
  #carried: Buffer = NOTHING;
  #ended = false;

  constructor(delimiter: 'newline' | 'nul' | 'any') {
    this.#lf = delimiter !== 'nul';
    this.#nul = delimiter !== 'newline';
  }

  get length(): number {
    return this.#octets.length;
  }

  /** Where the next octet is. */
  get at(): number {
    return this.#at;
  }

  /** The next octet. There has to be one. */
  get octet(): number {
    return this.#octets[this.#at] as number;
  }

  /** How many octets wait for the next chunk. */
  get carried(): number {
    return this.#carried.length;
  }

  /** Nothing comes after this chunk: what might become an octet count is none. */
  end(): void {
    this.#ended = true;
  }

  /** Goes on with `octets`, behind those that wait for them. */
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

  /** Goes back to `octets`, which are before the next one. */
  goBack(octets: Buffer): void {
    this.goOn(Buffer.concat([octets, this.#octets.subarray(this.#at)]));
  }

  goTo(at: number): void {
    this.#at = at;
  }

  /** The octets up to `end`; the one there is the next. */
  take(end: number): Buffer {
    const part = this.#octets.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  /**
   * The octet count that the next octets are, or `no`. Undefined if the next chunk will tell: for that they wait.
   */
  octetCount(needs: CountNeeds): OctetCount | 'no' | undefined {
    const found = octetCountAt(this.#octets, this.#at, this.#octets.length, needs);
    if (found !== 'unknown') return found;
    // guard: digits at the end of a chunk may begin an octet count
    if (!this.#ended) return this.#carry(this.#at);
    return 'no';
  }

  /** Where the line ends, or else the chunk. Each delimiter is looked for again only when it has been passed. */
  lineEnd(): number {
    if (this.#lf && this.#nextLf < this.#at) this.#nextLf = this.#find(LF);
    if (this.#nul && this.#nextNul < this.#at) this.#nextNul = this.#find(NUL);
    if (!this.#nul) return this.#nextLf;
    return this.#lf ? Math.min(this.#nextLf, this.#nextNul) : this.#nextNul;
  }

  /** Where the line ends, or an octet count with a whole PRI part begins; what may become one waits for the next chunk. */
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

  /** Leaves the chunk from `from` on to the next one. */
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
