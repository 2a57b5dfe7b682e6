import type { ProduceMessage } from '@sputnikjs/messaging';
import { Fifo } from '@sputnikjs/messaging/connector';

/** A message on its way to the producer. */
export interface Item {
  readonly message: ProduceMessage;
  readonly bytes: number;
  /** True if its sender cannot be made to wait: a datagram. */
  readonly mayDrop: boolean;
}

/**
 * What waits for the producer: datagrams, and what came over connections, each first in, first out, and in turn with the other, so
 * that neither holds the other up. Datagrams are bounded in messages and bytes; whoever sent the others waits. A datagram that is
 * larger than the bound alone has room when there is no other.
 */
export class DatagramBuffer {
  readonly #maxDatagrams: number;
  readonly #maxBytes: number;
  readonly #datagrams = new Fifo<Item>();
  readonly #others = new Fifo<Item>();
  #lastWas = this.#others;
  /** Of the datagrams. */
  #bytes = 0;

  constructor(maxDatagrams: number, maxBytes: number) {
    this.#maxDatagrams = maxDatagrams;
    this.#maxBytes = maxBytes;
  }

  /** How many wait. */
  get size(): number {
    return this.#others.size + this.#datagrams.size;
  }

  /** How many of them came over connections. */
  get others(): number {
    return this.#others.size;
  }

  hasRoomFor({ bytes }: Item): boolean {
    const { size } = this.#datagrams;
    return size === 0 || (size < this.#maxDatagrams && this.#bytes + bytes <= this.#maxBytes);
  }

  push(item: Item): void {
    if (!item.mayDrop) return this.#others.push(item);
    this.#bytes += item.bytes;
    this.#datagrams.push(item);
  }

  /** Takes out the item whose turn it is. */
  shift(): Item | undefined {
    const isDatagrams = this.#others.size === 0 || (this.#lastWas === this.#others && this.#datagrams.size > 0);
    this.#lastWas = isDatagrams ? this.#datagrams : this.#others;
    return isDatagrams ? this.evict() : this.#others.shift();
  }

  /** Takes out the oldest datagram; undefined if there is none. */
  evict(): Item | undefined {
    const item = this.#datagrams.shift();
    if (item) this.#bytes -= item.bytes;
    return item;
  }
}
