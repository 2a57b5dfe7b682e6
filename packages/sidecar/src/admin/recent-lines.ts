import type { Logger } from '@sputnikjs/core';
import { NO_CODE } from '../log/error-fields.js';
import type { ProblemLine } from './status.js';

/** So many lines are kept. */
const MOST_LINES = 50;

/** The last warnings and errors that were logged, and how many lines there were. */
export class RecentLines {
  /** Oldest first. */
  readonly #lines: ProblemLine[] = [];
  readonly counts: Record<keyof Omit<Logger, 'child'>, number> = { debug: 0, info: 0, warn: 0, error: 0 };

  /** A log that also keeps its last warnings and errors here. */
  reading(log: Logger, bindings: object = {}): Logger {
    const read =
      (level: keyof typeof this.counts) =>
      (fields: object, text?: string): void => {
        this.counts[level]++;
        if (level === 'warn' || level === 'error') this.#keep(level, { ...bindings, ...fields }, text ?? '');
        log[level](fields, text);
      };
    return {
      debug: read('debug'),
      info: read('info'),
      warn: read('warn'),
      error: read('error'),
      child: (more) => this.reading(log.child?.(more) ?? log, { ...bindings, ...more }),
    };
  }

  /** Newest first. */
  get problems(): readonly ProblemLine[] {
    return this.#lines.toReversed();
  }

  #keep(level: 'warn' | 'error', fields: Readonly<Record<string, unknown>>, text: string): void {
    const word = (name: string): Record<string, string> => {
      const value = fields[name];
      // people need not read that there is none
      return typeof value === 'string' && value !== NO_CODE ? { [name]: value } : {};
    };
    this.#lines.push({
      at: new Date().toISOString(),
      level,
      ...word('block'),
      ...word('event'),
      ...word('code'),
      text,
    });
    if (this.#lines.length > MOST_LINES) this.#lines.shift();
  }
}
