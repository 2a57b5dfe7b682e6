import type { Logger } from '@sputnikjs/core';

/** How many lines a thread may log in one turn of its event loop. */
const MOST_LINES = 1_000;

/** Limits the lines that a thread logs in one turn. Counts those that it leaves out. */
export class LineBudget {
  #lines = 0;

  /** Returns false if the line is left out. */
  takes(log: Logger): boolean {
    if (this.#lines++ === 0) setImmediate(() => this.#endTurn(log));
    // guard: a thread that logs without end does not fill the memory of the main one
    return this.#lines <= MOST_LINES;
  }

  #endTurn(log: Logger): void {
    const count = this.#lines - MOST_LINES;
    this.#lines = 0;
    if (count <= 0) return;
    log.warn({ event: 'linesLeftOut', count }, `${count} lines of a thread were left out: it logged too many at once`);
  }
}
