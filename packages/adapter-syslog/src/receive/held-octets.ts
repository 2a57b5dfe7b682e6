const NOTHING: Buffer = Buffer.alloc(0);

/** The octets of an incomplete frame, copied from earlier chunks into one piece. */
export class HeldOctets {
  readonly #maxBytes: number;
  #room: Buffer = NOTHING;
  #length = 0;

  /** Callers never add more than `maxBytes`. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get length(): number {
    return this.#length;
  }

  get octets(): Buffer {
    return this.#room.subarray(0, this.#length);
  }

  /** Adds `part`. The buffer doubles when it is full, so that single octets cost no more than long chunks. */
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

  /** Returns all held octets followed by `part`, and holds nothing then. */
  joined(part: Buffer): Buffer {
    if (this.#length === 0) return part;
    this.add(part);
    return this.take();
  }

  /** Returns all held octets, and holds nothing then. */
  take(): Buffer {
    const octets = this.octets;
    this.#room = NOTHING;
    this.#length = 0;
    return octets;
  }
}
