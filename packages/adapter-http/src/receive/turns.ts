import { setImmediate as loop } from 'node:timers/promises';

/** Has those that have much to do take turns, one in each turn of the event loop: between them there is time for everybody else. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves when it is the caller's turn: first come, first served. */
  next(): Promise<void> {
    this.#last = this.#last.then(() => loop());
    return this.#last;
  }
}
