/** What can stand in a {@link Line}. The fields keep its place, undefined at first; they are nobody else's. */
export interface Place {
  before: Place | undefined;
  after: Place | undefined;
  line: Line<Place> | undefined;
}

/**
 * First come, first served, and anybody may leave, each step in the same time. Allocates nothing. In place of a `Set` for what comes and goes
 * with each message: that walks over holes, and it moves to a new table again and again. An old table that the collector has promoted keeps the
 * new one alive, and all that either ever held, until a full collection: most of what a message needs was copied twice, and promoted (measured).
 *
 * @example
 * import { Line } from '@sputnikjs/core';
 * const line = new Line();
 * const place = () => ({ before: undefined, after: undefined, line: undefined });
 * const [one, other] = [place(), place()] as const;
 * line.join(one);
 * line.join(other);
 * line.leave(one);
 * console.log(line.first === other, line.size); // true 1
 */
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

  /** In order. Nobody may leave meanwhile: copy it first, if somebody might. */
  *[Symbol.iterator](): Iterator<T> {
    for (let at = this.#first; at; at = at.after as T | undefined) yield at;
  }
}
