/**
 * A stack of clean-up functions: what was acquired last is released first. All of them run, even if some fail.
 *
 * @example
 * import { Cleaner } from '@sputnikjs/sidecar';
 * const cleaner = new Cleaner();
 * const cleaned: string[] = [];
 * for (const name of ['socket', 'file']) cleaner.push(() => cleaned.push(name));
 * await cleaner.clean();
 * console.log(cleaned.join()); // file,socket
 */
export class Cleaner implements AsyncDisposable {
  readonly #cleanups: (() => unknown)[] = [];

  /** Adds a function that {@link clean} will call and await. */
  push(cleanup: () => unknown): void {
    this.#cleanups.push(cleanup);
  }

  /** Runs all functions, last first, each once. After all have run, rejects with an AggregateError if some failed. */
  async clean(): Promise<void> {
    const errors: unknown[] = [];
    for (let cleanup = this.#cleanups.pop(); cleanup !== undefined; cleanup = this.#cleanups.pop()) {
      try {
        await cleanup();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'cleaning up failed');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.clean();
  }
}
