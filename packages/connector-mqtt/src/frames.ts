/** Follows the packets in what comes over a connection (MQTT 3.1.1, section 2.2): how large they are, and how much of the last one has come. */
export class Frames {
  /** Bytes that have come of a packet that is not complete. */
  pending = 0;
  /** Bytes of it that are still to come; undefined while its length is not known. */
  #left: number | undefined;
  #length = 0;
  #shift = 0;

  /** The largest packet that begins in these bytes, or goes on in them. */
  take(bytes: Buffer): { readonly length: number } {
    let largest = 0;
    for (let at = 0; at < bytes.length;) {
      if (this.#left === undefined) {
        const byte = bytes[at++] ?? 0;
        if (this.pending++ === 0) continue;
        this.#length += (byte & 127) * 2 ** this.#shift;
        this.#shift += 7;
        // A fifth byte is none, which the library says.
        if (byte > 127 && this.#shift < 28) continue;
        this.#left = this.#length;
        largest = Math.max(largest, this.#length);
      } else {
        const part = Math.min(this.#left, bytes.length - at);
        at += part;
        this.pending += part;
        this.#left -= part;
      }
      if (this.#left > 0) continue;
      this.#left = undefined;
      this.pending = this.#length = this.#shift = 0;
    }
    return { length: largest };
  }
}
