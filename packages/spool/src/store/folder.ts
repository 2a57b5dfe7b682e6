import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from './files.js';

/** What only its user may enter. */
const MODE = 0o700;
const WRITABLE_BY_ALL = 0o002;

/** Makes the folder if it is not there. Rejects, and says what to do, if everybody could write to it. */
export async function prepareFolder(path: string): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: MODE });
  // guard: D2 the names of new folders are on the disk
  if (made !== undefined) await syncNames(path, dirname(made));
  const problem = await folderProblem(path);
  if (problem !== undefined) throw new Error(problem);
}

/** Syncs the names of a folder and of those around it, up to what is in `top`. */
async function syncNames(path: string, top: string): Promise<void> {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    await syncFolder(folder);
    if (folder === top) return;
  }
}

/** What is wrong with the folder of a spool; undefined if nothing is, or it is not there. */
export async function folderProblem(path: string): Promise<string | undefined> {
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) return undefined;
  if (!stats.isDirectory()) return `${path} is not a folder. Configure another "path"`;
  // guard: D14 a folder that everybody can write to is refused
  if ((stats.mode & WRITABLE_BY_ALL) === 0) return undefined;
  return `everybody can write to ${path}, and so add or remove messages. Run: chmod o-w ${path}`;
}
