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
 * Messages that wait for the producer, in two queues: datagrams, and messages of connections. Each queue is first in, first out; they take
 * turns, so that neither blocks the other. Datagrams are bounded in messages and bytes. Messages of connections are not: their senders wait.
 * A single datagram larger than the bound is accepted when no other waits.
 */
export class DatagramBuffer {
  readonly #maxDatagrams: number;
  readonly #maxBytes: number;
  readonly #datagrams = new Fifo<Item>();
  readonly #others = new Fifo<Item>();
  #lastWas = this.#others;
  /** Size of the datagrams, and of the others. */
  #bytes = 0;
  #otherBytes = 0;

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

  /** Their bytes. */
  get otherBytes(): number {
    return this.#otherBytes;
  }

  hasRoomFor({ bytes }: Item): boolean {
    const { size } = this.#datagrams;
    return size === 0 || (size < this.#maxDatagrams && this.#bytes + bytes <= this.#maxBytes);
  }

  push(item: Item): void {
    if (item.mayDrop) this.#bytes += item.bytes;
    else this.#otherBytes += item.bytes;
    (item.mayDrop ? this.#datagrams : this.#others).push(item);
  }

  /** Removes and returns the next item. */
  shift(): Item | undefined {
    const isDatagrams = this.#others.size === 0 || (this.#lastWas === this.#others && this.#datagrams.size > 0);
    this.#lastWas = isDatagrams ? this.#datagrams : this.#others;
    if (isDatagrams) return this.evict();
    const item = this.#others.shift();
    if (item) this.#otherBytes -= item.bytes;
    return item;
  }

  /** Removes and returns the oldest datagram; undefined if there is none. */
  evict(): Item | undefined {
    const item = this.#datagrams.shift();
    if (item) this.#bytes -= item.bytes;
    return item;
  }
}
