import type { StreamGroup } from './stream-group.js';

interface Batch {
  readonly ids: string[];
  readonly taken: Promise<void>;
}

/** Acknowledges entries, those of one turn of the event loop by one command. */
export class Acks {
  readonly #group: StreamGroup;
  #batch: Batch | undefined;

  constructor(group: StreamGroup) {
    this.#group = group;
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
      return this.#group.acknowledge(ids);
    });
    return { ids, taken };
  }
}
