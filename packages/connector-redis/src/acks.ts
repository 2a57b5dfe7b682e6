import { systemClock } from '@sputnikjs/core';
import { retryDelay } from './failures.js';
import { isPassing } from './server-error.js';
import type { StreamGroup } from './stream-group.js';

interface Batch {
  readonly ids: string[];
  readonly taken: Promise<void>;
}

/** Acknowledges entries, those of one turn of the event loop by one command. */
export class Acks {
  readonly #group: StreamGroup;
  readonly #trouble: (error: unknown) => void;
  readonly #closing: AbortSignal;
  #batch: Batch | undefined;

  /** `trouble` gets the error of what cannot be acknowledged now, and is tried again until `closing` aborts. */
  constructor(group: StreamGroup, trouble: (error: unknown) => void, closing: AbortSignal) {
    this.#group = group;
    this.#trouble = trouble;
    this.#closing = closing;
  }

  /** Resolves when the server has taken it. */
  add(id: string): Promise<void> {
    const batch = (this.#batch ??= this.#next());
    batch.ids.push(id);
    return batch.taken;
  }

  #next(): Batch {
    const ids: string[] = [];
    const turn = new Promise((resolve) => setImmediate(resolve));
    const taken = turn.then(() => {
      this.#batch = undefined;
      return this.#acknowledge(ids);
    });
    return { ids, taken };
  }

  /** A server that writes nothing for now is no reason to have a message handled once more. */
  async #acknowledge(ids: readonly string[]): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#group.acknowledge(ids);
      } catch (error) {
        // guard: an acknowledgement that is refused for now is sent again
        if (!isPassing(error) || this.#closing.aborted) throw error;
        this.#trouble(error);
        await systemClock.sleep(retryDelay(tries), this.#closing);
      }
    }
  }
}
