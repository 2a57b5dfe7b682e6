import type { ProduceMessage } from '@sputnikjs/sidecar';

/** A message on its way to the producer. */
export interface Item {
  readonly message: ProduceMessage;
  readonly bytes: number;
  /** True if its sender cannot be made to wait: a datagram. */
  readonly mayDrop: boolean;
}

interface Place {
  readonly item: Item;
  readonly turn: number;
  next: Place | undefined;
}

/** A queue that keeps nothing of what was taken from it. */
class Line {
  first: Place | undefined;
  #last: Place | undefined;

  push(place: Place): void {
    if (this.#last && this.first) this.#last.next = place;
    else this.first = place;
    this.#last = place;
  }

  shift(): Item | undefined {
    const { first } = this;
    this.first = first?.next;
    return first?.item;
  }
}

/**
 * What waits for the producer, first in, first out, bounded in messages and bytes. What was taken out counts until it is
 * released. A message that is larger than the bound alone has room when there is nothing else.
 */
export class Keep {
  readonly #maxMessages: number;
  readonly #maxBytes: number;
  readonly #datagrams = new Line();
  readonly #others = new Line();
  /** Taken out and put back: before all others. */
  #back: Item[] = [];
  #turn = 0;
  #messages = 0;
  #bytes = 0;

  constructor(maxMessages: number, maxBytes: number) {
    this.#maxMessages = maxMessages;
    this.#maxBytes = maxBytes;
  }

  get isEmpty(): boolean {
    return this.#back.length === 0 && !this.#datagrams.first && !this.#others.first;
  }

  /** How many have not been released. */
  get size(): number {
    return this.#messages;
  }

  hasRoomFor({ bytes }: Item): boolean {
    return this.#messages === 0 || (this.#messages < this.#maxMessages && this.#bytes + bytes <= this.#maxBytes);
  }

  push(item: Item): void {
    this.#messages++;
    this.#bytes += item.bytes;
    const line = item.mayDrop ? this.#datagrams : this.#others;
    line.push({ item, turn: this.#turn++, next: undefined });
  }

  /** The item that is next. It counts until it is released. */
  shift(): Item | undefined {
    if (this.#back.length > 0) return this.#back.shift();
    const { first: datagram } = this.#datagrams;
    const { first: other } = this.#others;
    const isDatagram = datagram !== undefined && (other === undefined || datagram.turn < other.turn);
    return isDatagram ? this.#datagrams.shift() : this.#others.shift();
  }

  /** Puts items that were taken out back, in their order. */
  putBack(items: readonly Item[]): void {
    this.#back = [...items, ...this.#back];
  }

  /** An item that was taken out is done with. */
  release({ bytes }: Item): void {
    this.#messages--;
    this.#bytes -= bytes;
  }

  /** Takes out and releases the oldest datagram; undefined if there is none. */
  evict(): Item | undefined {
    const item = this.#datagrams.shift();
    if (item) this.release(item);
    return item;
  }
}
