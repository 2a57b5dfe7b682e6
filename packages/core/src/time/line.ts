/** What can be in a {@link Line}. The fields say where, undefined at first; they are nobody else's. */
export interface LineNode {
  before: LineNode | undefined;
  after: LineNode | undefined;
  line: Line<LineNode> | undefined;
}

/**
 * First come, first served, and anybody may leave, each step in the same time. Allocates nothing. In place of a `Set` for what comes and goes
 * with each message: that walks over holes, and it moves to a new table again and again. An old table that the collector has promoted keeps the
 * new one alive, and all that either ever held, until a full collection: most of what a message needs was copied twice, and promoted (measured).
 *
 * @example
 * import { Line } from '@sputnikjs/core';
 * const line = new Line();
 * const node = () => ({ before: undefined, after: undefined, line: undefined });
 * const [one, other] = [node(), node()] as const;
 * line.join(one);
 * line.join(other);
 * line.leave(one);
 * console.log(line.first === other, line.size); // true 1
 */
export class Line<T extends LineNode> {
  size = 0;
  #first: T | undefined;
  #last: T | undefined;

  /** Whoever came first of those that are left. */
  get first(): T | undefined {
    return this.#first;
  }

  join(node: T): void {
    node.line = this as unknown as Line<LineNode>;
    node.before = this.#last;
    if (this.#last) this.#last.after = node;
    else this.#first = node;
    this.#last = node;
    this.size++;
  }

  /** False if it does not stand here, or no longer. */
  leave(node: T): boolean {
    if ((node.line as unknown) !== this) return false;
    const { before, after } = node as { before: T | undefined; after: T | undefined };
    if (before) before.after = after;
    else this.#first = after;
    if (after) after.before = before;
    else this.#last = before;
    node.line = node.before = node.after = undefined;
    this.size--;
    return true;
  }

  /** In order. Nobody may leave meanwhile: copy it first, if somebody might. */
  *[Symbol.iterator](): Iterator<T> {
    for (let at = this.#first; at; at = at.after as T | undefined) yield at;
  }
}
