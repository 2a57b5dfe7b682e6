const NOTHING: Buffer = Buffer.alloc(0);

/** What earlier chunks had of a frame, in one piece, copied. */
export class HeldOctets {
  readonly #maxBytes: number;
  #room: Buffer = NOTHING;
  #length = 0;

  /** Never asked to hold more than `maxBytes`. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#length;
  }

  get octets(): Buffer {
    return this.#room.subarray(0, this.#length);
  }

  /** Keeps `part` until the frame is complete. The room doubles, so that single octets cost no more than long chunks. */
  add(part: Buffer): undefined {
    const length = this.#length + part.length;
    if (length > this.#room.length) {
      const roomier = Buffer.allocUnsafe(Math.max(length, Math.min(2 * this.#room.length, this.#maxBytes)));
      this.#room.copy(roomier, 0, 0, this.#length);
      this.#room = roomier;
    }
    part.copy(this.#room, this.#length);
    this.#length = length;
  }

  /** All that is held, with `part` behind it; then nothing is. */
  joined(part: Buffer): Buffer {
    if (this.#length === 0) return part;
    this.add(part);
    return this.take();
  }

  /** All that is held; then nothing is. */
  take(): Buffer {
    const octets = this.octets;
    this.#room = NOTHING;
    this.#length = 0;
    return octets;
  }
}
