import { readdirSync, readFileSync } from 'node:fs';

/** State, parent and group of a process or thread, the name before them left out; nothing if it has ended. */
export function statOf(path: string): readonly string[] {
  try {
    const stat = readFileSync(path, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ', 3);
  } catch {
    return [];
  }
}

/** The numbers in a folder: processes, or threads. */
export function namesIn(path: string): readonly string[] {
  try {
    return readdirSync(path).filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/**
 * The groups of a process and of all that it has started, its own first: servers, such as PostgreSQL, may give each process that they start a group
 * of its own. Where there is no /proc to look into, its own.
 */
export function groupsBelow(pid: number): readonly number[] {
  const processes = namesIn('/proc').map((name) => [name, ...statOf(`/proc/${name}/stat`)] as const);
  const [family, groups] = [new Set([`${pid}`]), new Set([pid])];
  // a set gives what is added while it is gone through, too
  for (const one of family)
    for (const [name, , parent, group] of processes) {
      if (parent !== one) continue;
      family.add(name);
      groups.add(Number(group));
    }
  return [...groups];
}
