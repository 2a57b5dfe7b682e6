/**
 * Collects items, and tells when there are so many.
 *
 * @example
 * import { Collector } from '@sputnikjs/testkit';
 * const came = new Collector<number>();
 * setImmediate(() => [1, 2, 3].forEach((n) => came.add(n)));
 * await came.reaches(2);
 * console.log(came.items.join()); // 1,2,3
 */
export class Collector<T> {
  /** The items, in the order in which they came. */
  readonly items: T[] = [];
  readonly #waiting: { readonly count: number; readonly resolve: () => void }[] = [];

  add(item: T): void {
    this.items.push(item);
    for (const { count, resolve } of this.#waiting) if (this.items.length >= count) resolve();
  }

  /** Resolves when `count` items have come. */
  reaches(count: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.items.length >= count) return resolve();
      this.#waiting.push({ count, resolve });
    });
  }
}
