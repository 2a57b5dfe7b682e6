import { portable, revived } from '../remote/portable.js';
import type { Item } from '../remote/wire.js';

/** Calls of the other side that have not ended. */
export class OpenCalls {
  readonly #open = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  #last = 0;

  /** Posts what `item` makes of its number; resolves with what comes back. */
  call(item: (id: number) => Item, post: (item: Item) => void): Promise<unknown> {
    const id = ++this.#last;
    return new Promise((resolve, reject) => {
      this.#open.set(id, { resolve, reject });
      post(item(id));
    });
  }

  take(item: Extract<Item, readonly ['returned' | 'threw', ...unknown[]]>): void {
    const [kind, id, value] = item;
    const one = this.#open.get(id);
    this.#open.delete(id);
    if (kind === 'returned') one?.resolve(revived(value));
    else one?.reject(revived(value));
  }

  /** Nobody will answer any more. */
  end(error: Error): void {
    for (const one of this.#open.values()) one.reject(error);
    this.#open.clear();
  }
}

/** What is posted of a call that has come. */
export async function answerTo(id: number, work: () => Promise<unknown>): Promise<Item> {
  try {
    return ['returned', id, portable(await work())];
  } catch (error) {
    return ['threw', id, portable(error)];
  }
}
