import { journalPrefix } from './journal.js';

const STDERR = 2;

/** What an error on stderr begins with: its priority, if that is the journal of systemd. */
export function errorPrefix(): string {
  return journalPrefix(STDERR)?.('error') ?? '';
}

/** Writes to stderr why the process ends, or does not. */
export function writeError(line: string): void {
  process.stderr.write(`${errorPrefix()}${line}\n`);
}
