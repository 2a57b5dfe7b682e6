import type { Logger } from '@sputnikjs/core';

/** The levels, from the most verbose to the least. */
export const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

export type Level = (typeof LEVELS)[number];

/** The log level, which may change at run time. */
export class LogLevel {
  current: Level;
  #configured: Level;

  constructor(configured: Level) {
    this.#configured = configured;
    this.current = configured;
  }

  /** The level that is configured now. */
  configure(level: Level): void {
    this.#configured = level;
    this.current = level;
  }

  /** Switches from the configured level to `debug`, and back. */
  toggle(): void {
    this.current = this.current === 'debug' ? this.#configured : 'debug';
  }

  /** A log that leaves out what is below the level. */
  filtered(log: Logger): Logger {
    const from =
      (level: Level): Logger['info'] =>
      (fields, text) => {
        // guard: what is below the log level is left out
        if (LEVELS.indexOf(level) >= LEVELS.indexOf(this.current)) log[level](fields, text);
      };
    return {
      debug: from('debug'),
      info: from('info'),
      warn: from('warn'),
      error: from('error'),
      child: (bindings) => this.filtered(log.child?.(bindings) ?? log),
    };
  }
}
