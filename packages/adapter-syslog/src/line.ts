interface Place<T> {
  readonly item: T;
  next: Place<T> | undefined;
}

/** A queue, first in, first out, that keeps nothing of what was taken from it. */
export class Line<T> {
  #first: Place<T> | undefined;
  #last: Place<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(item: T): void {
    const place: Place<T> = { item, next: undefined };
    if (this.#first && this.#last) this.#last.next = place;
    else this.#first = place;
    this.#last = place;
    this.#size++;
  }

  shift(): T | undefined {
    const first = this.#first;
    if (!first) return undefined;
    this.#first = first.next;
    this.#size--;
    return first.item;
  }
}
