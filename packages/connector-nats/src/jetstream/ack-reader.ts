import type { WireReader } from '../link/wire.js';
import { isDuplicate, TAKEN } from './ack.js';

const [SPACE, CR, ZERO, NINE] = [32, 13, 48, 57];
/** What follows the inbox in the line before an acknowledgement, at the most, in bytes: three numbers. */
const MAX_LINE = 64;
/** Acknowledgements have some 30 bytes. */
const MAX_SIZE = 1024;
/** So many are taken at once, before what they set off has its turn. */
const AT_ONCE = 100;
const NOTHING = Buffer.alloc(0);

/** What {@link AckReader} finds instead of the end of an acknowledgement. */
const [OTHER, INCOMPLETE] = [-1, -2];

/**
 * Takes acknowledgements out of what the server sends, before the library sees them and makes six objects of each (decision 0010). What is not
 * clearly an acknowledgement goes to the library, and reaches the subscription.
 */
export class AckReader implements WireReader {
  readonly #prefix: Buffer;
  readonly #isBetweenMessages: () => boolean;
  readonly #settle: (id: number, isDuplicate: boolean) => void;
  /** The beginning of an incomplete acknowledgement. */
  #rest: Buffer = NOTHING;

  /**
   * Answers come to subjects that are `inbox` and the number of the message; `settle` gets each that a stream has, and if it had it
   * before. `isBetweenMessages` says whether the library is: what it has the beginning of is its own.
   */
  constructor(inbox: string, isBetweenMessages: () => boolean, settle: (id: number, isDuplicate: boolean) => void) {
    this.#prefix = Buffer.from(`MSG ${inbox}`);
    this.#isBetweenMessages = isBetweenMessages;
    this.#settle = settle;
  }

  /** What is left of a piece for the library; sometimes nothing, for the turn of what was set off. */
  *read(piece: Buffer): Iterable<Buffer> {
    // it has the beginning of something else, which ends in this piece or later
    // guard: what the library has begun to parse is left to it
    if (!this.#isBetweenMessages()) return yield piece;
    const bytes = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece]);
    this.#rest = NOTHING;
    let at = 0;
    for (let taken = 1; ; taken++) {
      const end = this.#take(bytes, at);
      if (end === OTHER) return yield bytes.subarray(at);
      // guard: an acknowledgement that comes in two pieces is one
      if (end === INCOMPLETE) return void (this.#rest = bytes.subarray(at));
      at = end;
      if (taken % AT_ONCE === 0) yield NOTHING;
    }
  }

  /** Takes the acknowledgement that begins there, and returns where it ends: `MSG inbox number sid size`, line break, JSON, line break. */
  #take(bytes: Buffer, from: number): number {
    const prefix = this.#prefix;
    for (let i = 0; i < prefix.length; i++) {
      if (from + i === bytes.length) return INCOMPLETE;
      if (bytes[from + i] !== prefix[i]) return OTHER;
    }
    let at = from + prefix.length;
    const most = at + MAX_LINE;
    let [id, numbers, number] = [0, 0, 0];
    for (let byte = bytes[at]; byte !== CR; byte = bytes[++at]) {
      if (byte === undefined) return INCOMPLETE;
      const isDigit = byte >= ZERO && byte <= NINE;
      if (at === most || (!isDigit && byte !== SPACE)) return OTHER;
      if (isDigit) number = number * 10 + byte - ZERO;
      else if (bytes[at - 1] !== SPACE) {
        if (++numbers === 1) id = number;
        number = 0;
      }
    }
    // there is a third only where a reply is asked for
    if (numbers !== 2 || number > MAX_SIZE) return OTHER;
    const start = at + 2;
    const end = start + number + 2;
    if (end > bytes.length) return INCOMPLETE;
    // guard: what is no plain acknowledgement is left to the library
    for (let i = 0; i < TAKEN.length; i++) if (bytes[start + i] !== TAKEN[i]) return OTHER;
    this.#settle(id, isDuplicate(bytes, start, end - 2));
    return end;
  }
}
