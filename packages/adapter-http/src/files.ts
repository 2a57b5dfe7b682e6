import { readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';

/** What a process needs files for beside its clients. */
const OWN_FILES = 64;

/** What to say if the system gives the process fewer files than there may be connections (`ulimit -n`). Undefined if all is well. */
export function shortageOf(maxConnections: number, most: number = openFiles()): string | undefined {
  if (maxConnections + OWN_FILES <= most) return undefined;
  return `there may be ${maxConnections} connections ("maxConnections"), and the process may open ${most} files; raise that (ulimit -n), or lower maxConnections`;
}

function openFiles(): number {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return Number(soft ?? Infinity);
  } catch {
    // Only Linux has this.
    return Infinity;
  }
}

/** What to say if everybody on this machine can read a secret. Undefined if all is well, and where an orchestrator has put it. */
export async function readableByAll(file: string): Promise<string | undefined> {
  if (/^(\/var)?\/run\/secrets\//.test(file)) return undefined;
  const { mode } = await stat(file);
  return (mode & 0o004) === 0
    ? undefined
    : `everybody on this machine can read ${file}, which holds a secret; chmod o-r it`;
}
