import { join } from 'node:path';
import { Changes } from './changes.js';
import { ask, make, type Change } from './control.js';
import { filesOf } from './store/files.js';
import { prepareFolder } from './store/folder.js';
import { own } from './store/owner.js';
import type { OnProblem } from './store/problem.js';
import type { Content } from './store/record.js';
import { Store } from './store/store.js';

/** What was changed, and whether a satellite that flies has done it. */
export interface Changed {
  readonly count: number;
  readonly isFlying: boolean;
}

/** Has the satellite that has the folder open change something, or does it itself, if there is none. */
export async function change(
  folder: string,
  what: Change,
  lines: AsyncIterable<string>,
  onProblem: OnProblem,
): Promise<Changed> {
  const count = await ask(folder, what, lines);
  if (count !== undefined) return { count, isFlying: true };
  const owner = await own(folder);
  try {
    const store = await open(folder, onProblem);
    try {
      await prepareFolder(join(folder, 'dead'));
      const dead = await open(join(folder, 'dead'), onProblem);
      try {
        const changes = new Changes({ dead, accept: (content) => append(store, content) });
        return { count: await make(changes, what, lines), isFlying: false };
      } finally {
        await dead.close();
      }
    } finally {
      await store.close();
    }
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
    store.append({ content, settle });
  });
}
