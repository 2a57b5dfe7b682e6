/** A place in a {@link Line}, to leave it by. */
export interface Place<T> {
  readonly item: T;
  before: Place<T> | undefined;
  after: Place<T> | undefined;
  isIn: boolean;
}

/** First come, first served, and anybody may leave. Each step takes the same time, however many stand in it (a `Set` walks over holes). */
export class Line<T> {
  size = 0;
  #first: Place<T> | undefined;
  #last: Place<T> | undefined;

  join(item: T): Place<T> {
    const place: Place<T> = { item, before: this.#last, after: undefined, isIn: true };
    if (this.#last) this.#last.after = place;
    else this.#first = place;
    this.#last = place;
    this.size++;
    return place;
  }

  /** False if it had left before, or had its turn. */
  leave(place: Place<T>): boolean {
    if (!place.isIn) return false;
    const { before, after } = place;
    if (before) before.after = after;
    else this.#first = after;
    if (after) after.before = before;
    else this.#last = before;
    place.isIn = false;
    this.size--;
    return true;
  }

  /** Takes out whoever came first. */
  next(): T | undefined {
    const place = this.#first;
    if (place) this.leave(place);
    return place?.item;
  }
}
