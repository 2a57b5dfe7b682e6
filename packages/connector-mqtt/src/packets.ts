/** The largest number that fits the length of a packet (MQTT 3.1.1, 2.2.3). */
export const MAX_LENGTH = 268_435_455;

/** A PUBLISH packet of QoS 1 (MQTT 3.1.1, 3.3). */
export function publishPacket(id: number, topic: string, payload: Uint8Array | string): Buffer {
  const topicBytes = Buffer.byteLength(topic);
  const length = packetLength(topicBytes, payload);
  const packet = Buffer.allocUnsafe(1 + lengthBytes(length) + length);
  packet[0] = 0x32;
  let at = 1;
  for (let rest = length; ; rest >>>= 7) {
    packet[at++] = rest > 127 ? (rest & 127) | 128 : rest;
    if (rest <= 127) break;
  }
  at = packet.writeUInt16BE(topicBytes, at);
  at += packet.write(topic, at);
  at = packet.writeUInt16BE(id, at);
  if (typeof payload === 'string') packet.write(payload, at);
  else packet.set(payload, at);
  return packet;
}

/** What a PUBLISH packet holds beside its fixed header, in bytes. */
export function packetLength(topicBytes: number, payload: Uint8Array | string): number {
  return 2 + topicBytes + 2 + (typeof payload === 'string' ? Buffer.byteLength(payload) : payload.byteLength);
}

function lengthBytes(length: number): number {
  return length < 128 ? 1 : length < 16_384 ? 2 : length < 2_097_152 ? 3 : 4;
}

/** A PUBACK packet (MQTT 3.1.1, 3.4). */
export function pubackPacket(id: number): Buffer {
  return Buffer.from([0x40, 2, id >> 8, id & 255]);
}

/** A DISCONNECT packet (MQTT 3.1.1, 3.14). */
export const DISCONNECT: Uint8Array = Uint8Array.of(0xe0, 0);

/** Packet identifiers: none is given out again before it is free. */
export class PacketIds {
  readonly #used = new Uint8Array(65_536);
  #count = 0;
  #last = 0;

  /** True while the server owes us no acknowledgement. */
  get isIdle(): boolean {
    return this.#count === 0;
  }

  /** The next free identifier, or null if all are in use. */
  allocate(): number | null {
    for (let tries = 1; tries <= 65_535; tries++) {
      this.#last = (this.#last % 65_535) + 1;
      if (this.register(this.#last)) return this.#last;
    }
    return null;
  }

  getLastAllocated(): number {
    return this.#last;
  }

  register(id: number): boolean {
    if (this.#used[id] === 1) return false;
    this.#used[id] = 1;
    this.#count++;
    return true;
  }

  deallocate(id: number): void {
    if (this.#used[id] === 1) this.#count--;
    this.#used[id] = 0;
  }

  clear(): void {
    this.#used.fill(0);
    this.#count = 0;
  }
}
