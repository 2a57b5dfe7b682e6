import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { devNull } from 'node:os';
import type { Clock } from '@sputnikjs/core';
import type { ProblemLog } from './problem-log.js';

/** What a process needs files for beside its clients. */
const OWN_FILES = 64;

/**
 * What to say if the system gives the process fewer files than there may be connections (`ulimit -n`); undefined if all is well. `most` is
 * how many files the process may open, as Linux says it.
 *
 * @example
 * import { fileShortage } from '@sputnikjs/messaging/net';
 * console.log(fileShortage(1024, 4096)); // undefined
 * console.log(fileShortage(1024, 1024)); // there may be 1024 connections ("maxConnections"), but the process may open only 1024 files; …
 */
export function fileShortage(maxConnections: number, most: number = openFiles()): string | undefined {
  if (maxConnections + OWN_FILES <= most) return undefined;
  return `there may be ${maxConnections} connections ("maxConnections"), but the process may open only ${most} files; raise that limit (ulimit -n), or lower maxConnections`;
}

function openFiles(): number {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    return Number(soft ?? Infinity);
  } catch {
    // only Linux has this
    return Infinity;
  }
}

const CHECK_MS = 1_000;

/**
 * Looks once a second whether the process has a file left for another connection, and tells if not: without one the system takes
 * connections and closes them at once, and no listener hears of that. Returns what ends it.
 *
 * @example
 * import { ProblemLog, watchFiles } from '@sputnikjs/messaging/net';
 * import { manualClock, MemoryLog } from '@sputnikjs/testkit';
 * const [log, clock] = [new MemoryLog(), manualClock()];
 * const stop = watchFiles(clock, new ProblemLog({ log, clock }));
 * await clock.advance(5_000);
 * console.log(log.lines.length); // 0
 * stop();
 */
export function watchFiles(clock: Clock, problemLog: ProblemLog): () => void {
  const check = (): void => {
    cancel = clock.after(CHECK_MS, check);
    if (isOutOfFiles()) problemLog.note('outOfFiles', OUT_OF_FILES);
  };
  let cancel = clock.after(CHECK_MS, check);
  return () => cancel();
}

const OUT_OF_FILES =
  'the process cannot open more files, so new clients are cut off at once (EMFILE); raise the limit (ulimit -n), or lower "maxConnections"';

function isOutOfFiles(): boolean {
  try {
    closeSync(openSync(devNull, 'r'));
    return false;
  } catch (error) {
    return ['EMFILE', 'ENFILE'].includes((error as NodeJS.ErrnoException).code ?? '');
  }
}

/**
 * What to say if everybody on this machine can read a file that holds a secret. Undefined if all is well, where an orchestrator has put it
 * (`/run/secrets`), and if there is no such file: who reads it says so.
 *
 * @example
 * import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
 * import { tmpdir } from 'node:os';
 * import { join } from 'node:path';
 * import { readableByAll } from '@sputnikjs/messaging/net';
 * const folder = mkdtempSync(join(tmpdir(), 'secrets-'));
 * const [mine, everybodys] = [join(folder, 'mine'), join(folder, 'everybodys')];
 * writeFileSync(mine, 'secret', { mode: 0o600 });
 * writeFileSync(everybodys, 'secret', { mode: 0o644 });
 * console.log(readableByAll(mine)); // undefined
 * console.log(readableByAll(everybodys)); // everybody on this machine can read /…/everybodys, which contains a secret; run: chmod o-r /…/everybodys
 * rmSync(folder, { recursive: true });
 */
export function readableByAll(file: string): string | undefined {
  if (/^(\/var)?\/run\/secrets\//.test(file)) return undefined;
  const mode = modeOf(file);
  // guard: secrets that everybody can read are told of
  if ((mode & 0o004) === 0) return undefined;
  return `everybody on this machine can read ${file}, which contains a secret; run: chmod o-r ${file}`;
}

function modeOf(file: string): number {
  try {
    return statSync(file).mode;
  } catch {
    return 0;
  }
}
