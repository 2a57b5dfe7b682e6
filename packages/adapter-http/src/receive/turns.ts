import { setImmediate as loop } from 'node:timers/promises';

/** Gives each caller a turn of the event loop of its own, so that long work leaves time for everybody else. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves when it is the caller's turn: first come, first served. */
  next(): Promise<void> {
    this.#last = this.#last.then(() => loop());
    return this.#last;
  }
}
