import type { Logger } from '@sputnikjs/core';
import type { Link } from './link.js';
import { portable, revived } from './portable.js';
import type { Item } from './wire.js';

/** So many lines a thread may log in one turn. */
const MOST_LINES = 1_000;

/** The log of the main thread, for another one. Of a flood of lines in one turn the rest is left out, and counted. */
export class RemoteLog implements Logger {
  readonly #link: Link;
  readonly #bindings: object;
  readonly #turn: { lines: number };

  constructor(link: Link, bindings: object = {}, turn: { lines: number } = { lines: 0 }) {
    this.#link = link;
    this.#bindings = bindings;
    this.#turn = turn;
  }

  debug(fields: object, text?: string): void {
    this.#write('debug', fields, text);
  }

  info(fields: object, text?: string): void {
    this.#write('info', fields, text);
  }

  warn(fields: object, text?: string): void {
    this.#write('warn', fields, text);
  }

  error(fields: object, text?: string): void {
    this.#write('error', fields, text);
  }

  child(bindings: object): Logger {
    return new RemoteLog(this.#link, { ...this.#bindings, ...bindings }, this.#turn);
  }

  #write(level: 'debug' | 'info' | 'warn' | 'error', fields: object, text: string | undefined): void {
    if (this.#turn.lines++ === 0) setImmediate(() => this.#endTurn());
    // guard: a thread that logs without end does not fill the memory of the main one
    if (this.#turn.lines > MOST_LINES) return;
    const line = [level, portable(this.#bindings) as object, portable(fields)] as const;
    this.#link.post(text === undefined ? ['log', ...line] : ['log', ...line, text]);
  }

  #endTurn(): void {
    const count = this.#turn.lines - MOST_LINES;
    this.#turn.lines = 0;
    if (count > 0)
      this.warn({ event: 'linesLeftOut', count }, `${count} lines of a thread are left out: too many at once`);
  }
}

/** Writes the lines of another thread to the log here. */
export class RemoteLines {
  readonly #log: Logger;
  readonly #children = new Map<string, Logger>();

  constructor(log: Logger) {
    this.#log = log;
  }

  write([, level, bindings, fields, text]: Extract<Item, readonly ['log', ...unknown[]]>): void {
    const key = JSON.stringify(bindings);
    const log = this.#children.get(key) ?? this.#log.child?.(bindings) ?? this.#log;
    this.#children.set(key, log);
    log[level](revived(fields) as object, text);
  }
}
