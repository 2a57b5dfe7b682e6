/** The last text that was met, with its bytes: messages in a row have the same target, and to encode or decode it each time would cost more. */
export class LastText {
  #text = '';
  #bytes: Buffer = Buffer.alloc(0);

  /** The bytes of a text, in UTF-8. */
  bytesOf(text: string): Buffer {
    if (text === this.#text) return this.#bytes;
    this.#text = text;
    return (this.#bytes = Buffer.from(text));
  }

  /** The text between two places. */
  textIn(bytes: Buffer, from: number, to: number): string {
    if (this.#isIn(bytes, from, to)) return this.#text;
    this.#bytes = Buffer.from(bytes.subarray(from, to));
    return (this.#text = this.#bytes.toString());
  }

  #isIn(bytes: Buffer, from: number, to: number): boolean {
    const last = this.#bytes;
    if (to - from !== last.length) return false;
    for (let at = 0; at < last.length; at++) if (bytes[from + at] !== last[at]) return false;
    return true;
  }
}
