import type { Scope } from '@sputnikjs/testkit/servers';

/** What to clean up at the end of a row, last first. */
export class RowScope implements Scope {
  readonly #cleanups: (() => Promise<unknown>)[] = [];

  after(cleanup: () => Promise<unknown>): void {
    this.#cleanups.push(cleanup);
  }

  async end(): Promise<void> {
    for (const cleanup of this.#cleanups.toReversed()) await cleanup();
  }
}
