import type { Logger } from '@sputnikjs/core';
import { LineBudget } from './line-budget.js';
import type { Link } from '../remote/link.js';
import { portable, revived } from '../remote/portable.js';
import type { Item } from '../remote/wire.js';

/** The log of the main thread, as another thread uses it. */
export class RemoteLog implements Logger {
  readonly #link: Link;
  readonly #bindings: object;
  readonly #budget: LineBudget;

  constructor(link: Link, bindings: object = {}, budget: LineBudget = new LineBudget()) {
    this.#link = link;
    this.#bindings = bindings;
    this.#budget = budget;
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
    return new RemoteLog(this.#link, { ...this.#bindings, ...bindings }, this.#budget);
  }

  #write(level: 'debug' | 'info' | 'warn' | 'error', fields: object, text: string | undefined): void {
    if (!this.#budget.takes(this)) return;
    const line = [level, portable(this.#bindings) as object, portable(fields)] as const;
    this.#link.post(text === undefined ? ['log', ...line] : ['log', ...line, text]);
  }
}

/** Writes lines that come from another thread to the log of this one. */
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
