interface Packet {
  readonly type: number;
  readonly body: Buffer;
}

/** The whole packets at the beginning of some bytes, and what is left. */
export function packetsOf(bytes: Buffer): [packets: readonly Packet[], rest: Buffer] {
  const packets: Packet[] = [];
  let rest = bytes;
  for (;;) {
    const [length, head] = lengthOf(rest);
    if (head === 0 || rest.length < head + length) return [packets, rest];
    packets.push({ type: rest[0] ?? 0, body: rest.subarray(head, head + length) });
    rest = rest.subarray(head + length);
  }
}

/** The remaining length of a packet and where it begins; 0 if that is not there yet. */
function lengthOf(buffer: Buffer): [length: number, head: number] {
  let length = 0;
  for (let i = 1; i < Math.min(buffer.length, 5); i++) {
    const byte = buffer[i] ?? 0;
    length += (byte & 127) << (7 * (i - 1));
    if (byte < 128) return [length, i + 1];
  }
  return [0, 0];
}
