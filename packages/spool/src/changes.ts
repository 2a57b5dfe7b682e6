import { join } from 'node:path';
import { revived } from './deliver/dead-letters.js';
import { filesOf } from './store/files.js';
import { own } from './store/owner.js';
import type { OnProblem } from './store/problem.js';
import { measure, type Content, type Kept } from './store/record.js';
import { Store } from './store/store.js';

/** Messages that are moved at a time. */
const SOME = 1_024;

/**
 * Puts the dead letters of a folder back, behind the messages that it keeps: they are sent again, to their own targets, from the next start on.
 * Resolves with how many they are. Rejects while a satellite has the folder open.
 */
export function retry(folder: string, onProblem: OnProblem): Promise<number> {
  return withDead(folder, onProblem, async (some) => {
    const store = await open(folder, onProblem);
    try {
      await Promise.all(some.map(({ content }) => append(store, revived(content))));
    } finally {
      await store.close();
    }
  });
}

/** Forgets the dead letters of a folder. Resolves with how many they are. Rejects while a satellite has the folder open. */
export function drop(folder: string, onProblem: OnProblem): Promise<number> {
  return withDead(folder, onProblem, async () => {});
}

/** Does something with all dead letters, some at a time; they are gone when that is done. */
async function withDead(
  folder: string,
  onProblem: OnProblem,
  work: (some: readonly Kept[]) => Promise<void>,
): Promise<number> {
  const owner = await own(folder);
  try {
    const dead = await open(join(folder, 'dead'), onProblem);
    let count = 0;
    try {
      for (let some = await dead.take(SOME); some.length > 0; some = await dead.take(SOME)) {
        await work(some);
        for (const { sequence } of some) dead.acknowledge(sequence);
        count += some.length;
      }
    } finally {
      await dead.close();
    }
    return count;
  } finally {
    await owner.release();
  }
}

function open(path: string, onProblem: OnProblem): Promise<Store> {
  const unbounded = { maxBytes: Infinity, maxMessages: Infinity };
  return Store.open(filesOf(path), { ...unbounded, now: () => Date.now(), onChange() {}, onProblem });
}

function append(store: Store, content: Content): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (error?: unknown): void => (error === undefined ? resolve() : reject(error));
    store.append({ measured: measure(content), settle });
  });
}
