import type { BlockContext } from '@sputnikjs/core';

const QUIET_MS = 5_000;

interface Trouble {
  readonly text: string;
  readonly cancel: () => void;
  fields: object;
  count: number;
}

/**
 * Warns of what may happen again and again: the first time at once, then every 5 s at most, with the `count` since the
 * last warning and the particulars of the latest case.
 */
export class Troubles {
  readonly #ctx: BlockContext;
  readonly #recent = new Map<string, Trouble>();

  constructor(ctx: BlockContext) {
    this.#ctx = ctx;
  }

  note(event: string, text: string, fields: object = {}, count = 1): void {
    const recent = this.#recent.get(event);
    if (!recent) return this.#warn(event, { text, fields, count });
    recent.count += count;
    recent.fields = fields;
  }

  /** Tells what has not been told yet, and leaves no timer. */
  close(): void {
    for (const [event, { text, fields, count, cancel }] of this.#recent) {
      cancel();
      if (count > 0) this.#ctx.log.warn({ event, count, ...fields }, text);
    }
    this.#recent.clear();
  }

  #warn(event: string, { text, fields, count }: Omit<Trouble, 'cancel'>): void {
    this.#ctx.log.warn({ event, count, ...fields }, text);
    const cancel = this.#ctx.clock.after(QUIET_MS, () => {
      const recent = this.#recent.get(event);
      this.#recent.delete(event);
      if (recent && recent.count > 0) this.#warn(event, recent);
    });
    this.#recent.set(event, { text, fields: {}, count: 0, cancel });
  }
}
