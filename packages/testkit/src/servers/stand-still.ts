import { existsSync } from 'node:fs';
import { namesIn, statOf } from './processes.js';

/** States of a thread that runs no more: stopped, or ended (proc(5)). */
const STILL = ['T', 't', 'Z', 'X'];

const PATIENCE_MS = 10_000;

/**
 * Returns when all processes of a group stand still, after SIGSTOP was sent to it: their threads run on for a moment, and may well
 * answer what comes meanwhile. Where there is no /proc to look into it returns at once. Throws if one does not stop within 10 s.
 */
export function waitUntilStill(group: number): void {
  if (!existsSync('/proc/self/stat')) return;
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const runs = namesIn('/proc').find((pid) => !isStill(pid, group));
    if (runs === undefined) return;
    if (performance.now() > end)
      throw new Error(`process ${runs} of group ${group} was sent SIGSTOP and does not stop`);
  }
}

function isStill(pid: string, group: number): boolean {
  const [, , pgrp] = statOf(`/proc/${pid}/stat`);
  if (pgrp !== `${group}`) return true;
  return namesIn(`/proc/${pid}/task`).every((id) => STILL.includes(statOf(`/proc/${pid}/task/${id}/stat`)[0] ?? 'X'));
}
