/**
 * A queue, first in, first out. Taking an item is as fast from a long queue as from a short one. It keeps no reference to items taken.
 *
 * @example
 * import { Fifo } from '@sputnikjs/messaging/connector';
 * const queue = new Fifo<number>();
 * for (const n of [1, 2, 3]) queue.push(n);
 * console.log(queue.shift(), queue.first, queue.size); // 1 2 2
 */
export class Fifo<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  /** The next item; undefined if there is none. */
  get first(): T | undefined {
    return this.#items[this.#head];
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    const item = this.first;
    if (this.size > 0) this.#items[this.#head++] = undefined;
    if (this.#head >= 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Removes and returns all items. */
  drain(): readonly T[] {
    const items = this.#items.slice(this.#head) as T[];
    this.#items = [];
    this.#head = 0;
    return items;
  }
}
