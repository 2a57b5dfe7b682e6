import { Fifo } from '@sputnikjs/messaging/connector';
import type { Delivery } from './delivery.js';

/** Most bytes of messages that wait for a place. */
const MOST_BYTES = 32 * 1024 * 1024;
/** About how many bytes a message takes besides its payload. */
const OVERHEAD = 500;

/** Messages that came after their request seemed lost, when others have their places. */
export class Late {
  readonly #deliveries = new Fifo<Delivery>();
  #bytes = 0;

  get size(): number {
    return this.#deliveries.size;
  }

  /** False if it is too much: nobody asked for so many. */
  push(delivery: Delivery): boolean {
    this.#bytes += sizeOf(delivery);
    this.#deliveries.push(delivery);
    return this.#bytes <= MOST_BYTES;
  }

  shift(): Delivery | undefined {
    const next = this.#deliveries.shift();
    if (next !== undefined) this.#bytes -= sizeOf(next);
    return next;
  }

  drain(): readonly Delivery[] {
    this.#bytes = 0;
    return this.#deliveries.drain();
  }
}

function sizeOf({ message }: Delivery): number {
  return OVERHEAD + message.payload.length;
}
