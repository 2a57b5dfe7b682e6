import type { ProduceMessage } from '@sputnikjs/messaging';

interface Holders {
  readonly body: Buffer;
  count: number;
}

/** The ids of messages under way, with their bodies. Of two messages with one id, the server would keep the first, and say that it has both. */
export class Keys {
  readonly #held = new Map<string, Holders>();

  /** Returns true if a message under way has the same id and another body. */
  isOfAnother({ id, payload }: ProduceMessage): boolean {
    const held = id === undefined ? undefined : this.#held.get(id);
    return held !== undefined && !held.body.equals(bytesOf(payload));
  }

  /** Notes that the message is under way, until the returned function is called. */
  hold({ id, payload }: ProduceMessage): () => void {
    if (id === undefined) return () => {};
    const held = this.#held.get(id) ?? { body: bytesOf(payload), count: 0 };
    held.count++;
    this.#held.set(id, held);
    return () => {
      if (--held.count === 0) this.#held.delete(id);
    };
  }
}

function bytesOf(payload: Uint8Array | string): Buffer {
  if (typeof payload === 'string') return Buffer.from(payload);
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
}
