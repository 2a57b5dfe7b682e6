/**
 * A queue, first in, first out. Taking from a long one costs no more than from a short one, and what was taken is not kept.
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

  /** The item that is next. */
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

  /** Takes all items out. */
  drain(): readonly T[] {
    const items = this.#items.slice(this.#head) as T[];
    this.#items = [];
    this.#head = 0;
    return items;
  }
}
