import type { IncomingMessage } from 'node:http';
import { Refused } from './refusals.js';

/** Reads bodies, and knows how many bytes of them all are held: from the first one that came to the end of the answer. */
export class Bodies {
  readonly #maxBodyBytes: number;
  readonly #maxHeldBytes: number;
  readonly #heldBy = new Map<IncomingMessage, number>();
  /** Those that are answered, or gone: what still comes of them is not held. */
  readonly #released = new WeakSet<IncomingMessage>();
  #held = 0;

  constructor(limits: { readonly maxBodyBytes: number; readonly maxHeldBytes: number }) {
    this.#maxBodyBytes = limits.maxBodyBytes;
    this.#maxHeldBytes = limits.maxHeldBytes;
  }

  /**
   * Resolves with the body of a request. Rejects with TOO_LARGE, or with FULL if there is no room for it now; the rest of the
   * body is read and thrown away then. Never settles if the client goes away first.
   */
  read(request: IncomingMessage): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      let size = 0;
      const refuse = (error: Refused): void => {
        request.off('data', take).resume();
        chunks.length = 0;
        this.release(request);
        reject(error);
      };
      const take = (chunk: Buffer): void => {
        if (this.#released.has(request)) return;
        size += chunk.length;
        if (size > this.#maxBodyBytes) return refuse(tooLarge(this.#maxBodyBytes));
        if (this.#held + chunk.length > this.#maxHeldBytes) return refuse(full());
        this.#held += chunk.length;
        this.#heldBy.set(request, size);
        chunks.push(chunk);
      };
      if (Number(request.headers['content-length'] ?? 0) > this.#maxBodyBytes)
        return refuse(tooLarge(this.#maxBodyBytes));
      request.on('data', take);
      request.once('end', () => resolve(Buffer.concat(chunks)));
    });
  }

  /** The request is answered, or its client is gone: its body is held no longer. */
  release(request: IncomingMessage): void {
    this.#released.add(request);
    this.#held -= this.#heldBy.get(request) ?? 0;
    this.#heldBy.delete(request);
  }
}

function tooLarge(most: number): Refused {
  return new Refused('TOO_LARGE', `the gateway takes bodies of up to ${most} bytes`);
}

function full(): Refused {
  return new Refused('FULL', 'there is no room for the body');
}
