import { portable, revived } from '../remote/portable.js';
import type { Item } from '../remote/wire.js';

/** Calls to the other side that have not returned yet. */
export class OpenCalls {
  readonly #open = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  #last = 0;

  /** Gives the call a number, posts the item that `item` makes with it, and resolves with the result. */
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

  /** Rejects all open calls: no answer will come. */
  end(error: Error): void {
    for (const one of this.#open.values()) one.reject(error);
    this.#open.clear();
  }
}

/** Does what a call asks for, and returns the item to post back. */
export async function answerTo(id: number, work: () => Promise<unknown>): Promise<Item> {
  try {
    return ['returned', id, portable(await work())];
  } catch (error) {
    return ['threw', id, portable(error)];
  }
}
