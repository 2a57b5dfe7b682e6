import { fstatSync } from 'node:fs';
import type { Level } from './log-level.js';

/** The levels of the journal: those of syslog. */
const PRIORITIES: Readonly<Record<Level, number>> = { debug: 7, info: 6, warn: 4, error: 3 };

/** What a line of a level begins with in the journal of systemd, which takes it for the priority of the line. */
export type Prefix = (level: Level) => string;

/**
 * The prefix of lines if the descriptor leads to the journal. Undefined for a terminal, a file or a container. `stream` is the journal as
 * systemd names it: device and inode.
 */
export function journalPrefix(
  fd: number,
  stream: string | undefined = process.env['JOURNAL_STREAM'],
): Prefix | undefined {
  // guard: only the journal gets priorities
  return leadsTo(fd, stream) ? (level) => `<${PRIORITIES[level]}>` : undefined;
}

function leadsTo(fd: number, stream: string | undefined): boolean {
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    // it is closed
    return false;
  }
}
