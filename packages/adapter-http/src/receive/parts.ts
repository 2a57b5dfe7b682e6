/** Smaller parts are copied together: each costs a hundred bytes besides its own. */
const SMALL = 1024;
const TOGETHER = 8 * SMALL;

/** What has come of a body so far. A client may send it in parts of one byte. */
export class Parts {
  readonly #parts: Buffer[] = [];
  /** Buffer for small parts, and how much of it is used. */
  #tail = Buffer.alloc(0);
  #used = 0;

  add(part: Buffer): void {
    // most bodies are one small part
    if (part.length >= SMALL || (this.#parts.length === 0 && this.#used === 0)) {
      this.#keepTail();
      this.#parts.push(part);
      return;
    }
    if (this.#used + part.length > this.#tail.length) {
      this.#keepTail();
      this.#tail = Buffer.allocUnsafe(TOGETHER);
    }
    this.#used += part.copy(this.#tail, this.#used);
  }

  /** Returns the whole body, and keeps nothing. */
  take(): Buffer {
    this.#keepTail();
    this.#tail = Buffer.alloc(0);
    return Buffer.concat(this.#parts.splice(0));
  }

  /** Discards everything. */
  drop(): void {
    this.#parts.length = 0;
    this.#tail = Buffer.alloc(0);
    this.#used = 0;
  }

  #keepTail(): void {
    if (this.#used > 0) this.#parts.push(this.#tail.subarray(0, this.#used));
    this.#tail = this.#tail.subarray(this.#used);
    this.#used = 0;
  }
}
