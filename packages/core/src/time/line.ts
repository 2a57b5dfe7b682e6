/** What can stand in a {@link Line}. The fields keep its place; they are nobody else's. */
export interface Place {
  before: Place | undefined;
  after: Place | undefined;
  line: Line<Place> | undefined;
}

/** First come, first served, and anybody may leave, each step in the same time (a `Set` walks over holes). Allocates nothing. */
export class Line<T extends Place> {
  size = 0;
  #first: T | undefined;
  #last: T | undefined;

  /** Whoever came first of those that are left. */
  get first(): T | undefined {
    return this.#first;
  }

  join(place: T): void {
    place.line = this as unknown as Line<Place>;
    place.before = this.#last;
    if (this.#last) this.#last.after = place;
    else this.#first = place;
    this.#last = place;
    this.size++;
  }

  /** False if it does not stand here, or no longer. */
  leave(place: T): boolean {
    if ((place.line as unknown) !== this) return false;
    const { before, after } = place as { before: T | undefined; after: T | undefined };
    if (before) before.after = after;
    else this.#first = after;
    if (after) after.before = before;
    else this.#last = before;
    place.line = place.before = place.after = undefined;
    this.size--;
    return true;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let at = this.#first; at; at = at.after as T | undefined) yield at;
  }
}
