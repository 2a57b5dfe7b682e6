import type { Logger } from '@sputnikjs/core';

/** A line of a log. */
export interface MemoryLogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly text: string | undefined;
}

/**
 * A log that keeps its lines.
 *
 * @example
 * import { MemoryLog } from '@sputnikjs/testkit';
 * const log = new MemoryLog();
 * setImmediate(() => log.warn({ event: 'full' }, 'no room is left'));
 * console.log(await log.said('full')); // no room is left
 */
export class MemoryLog implements Logger {
  readonly lines: MemoryLogLine[] = [];
  readonly debug: Logger['debug'] = (fields, text) => this.#keep('debug', fields, text);
  readonly info: Logger['info'] = (fields, text) => this.#keep('info', fields, text);
  readonly warn: Logger['warn'] = (fields, text) => this.#keep('warn', fields, text);
  readonly error: Logger['error'] = (fields, text) => this.#keep('error', fields, text);
  #watchers: (() => void)[] = [];

  /** Resolves with the text of the first line with this `event`, once there is one. */
  async said(event: string): Promise<string> {
    for (;;) {
      const line = this.lines.find(({ fields }) => fields['event'] === event);
      if (line !== undefined) return line.text ?? '';
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  #keep(level: MemoryLogLine['level'], fields: object, text: string | undefined): void {
    this.lines.push({ level, fields: fields as Record<string, unknown>, text });
    for (const wake of this.#watchers.splice(0)) wake();
  }
}
