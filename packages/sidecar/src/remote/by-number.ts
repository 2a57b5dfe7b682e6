/** Entries with so many of the last numbers are in a ring. A power of two. */
const RECENT = 4_096;

/** An entry with a number. */
export interface Numbered {
  readonly number: number;
}

/**
 * Entries by their numbers, each number one more than that before. In place of a `Map` for what comes and goes with each message, whose tables
 * keep the collector busy (see `Line` in the core): a third more messages cross from thread to thread (measured). The last ones are in a ring;
 * only an entry that stays while thousands of others come moves to a map.
 */
export class ByNumber<T extends Numbered> {
  readonly #recent: (T | undefined)[] = Array.from({ length: RECENT });
  readonly #older = new Map<number, T>();
  #last = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(one: T): void {
    const at = one.number % RECENT;
    const before = this.#recent[at];
    // guard: an entry that stays long is still found
    if (before) this.#older.set(before.number, before);
    this.#recent[at] = one;
    this.#last = one.number;
    this.#size++;
  }

  get(number: number): T | undefined {
    const one = this.#recent[number % RECENT];
    return one?.number === number ? one : this.#older.get(number);
  }

  /** Takes an entry out, and returns it. Undefined if there is none. */
  remove(number: number): T | undefined {
    const one = this.get(number);
    if (one === undefined) return undefined;
    this.#size--;
    if (!this.#older.delete(number)) this.#recent[number % RECENT] = undefined;
    return one;
  }

  /** In the order of their numbers. Those that are met may be removed meanwhile. */
  *[Symbol.iterator](): Iterator<T> {
    yield* this.#older.values();
    for (let number = Math.max(0, this.#last - RECENT + 1); number <= this.#last; number++) {
      const one = this.#recent[number % RECENT];
      if (one?.number === number) yield one;
    }
  }
}
