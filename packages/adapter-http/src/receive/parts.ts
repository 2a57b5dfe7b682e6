/** Smaller parts are copied together: each costs a hundred bytes besides its own. */
const SMALL = 1024;
/** Into buffers of this size, each twice as large as the one before, up to eight times. */
const TOGETHER = SMALL;
const MOST_TOGETHER = 8 * SMALL;
const NOTHING: Buffer = Buffer.alloc(0);

/** What has come of a body so far. A client may send it in parts of one byte. */
export class Parts {
  readonly #parts: Buffer[] = [];
  /** Buffer for small parts, and how much of it is used. */
  #tail = NOTHING;
  #used = 0;
  #nextTail = TOGETHER;

  add(part: Buffer): void {
    // most bodies are one small part
    if (part.length >= SMALL || (this.#parts.length === 0 && this.#used === 0)) {
      this.#keepTail();
      this.#parts.push(part);
      return;
    }
    if (this.#used + part.length > this.#tail.length) {
      this.#keepTail();
      this.#tail = Buffer.allocUnsafe(this.#nextTail);
      this.#nextTail = Math.min(2 * this.#nextTail, MOST_TOGETHER);
    }
    this.#used += part.copy(this.#tail, this.#used);
  }

  /** Returns the whole body, and keeps nothing. */
  take(): Buffer {
    this.#keepTail();
    const [first, ...others] = this.#parts;
    const whole = others.length === 0 ? Buffer.from(first ?? NOTHING) : Buffer.concat(this.#parts);
    this.drop();
    return whole;
  }

  /** Discards everything. */
  drop(): void {
    this.#parts.length = 0;
    this.#tail = NOTHING;
    this.#used = 0;
  }

  #keepTail(): void {
    if (this.#used > 0) this.#parts.push(this.#tail.subarray(0, this.#used));
    this.#tail = this.#tail.subarray(this.#used);
    this.#used = 0;
  }
}
