import type { BlockContext } from '@sputnikjs/core';

const QUIET_MS = 5_000;
/** Senders that are told of one by one; a scan of the whole net must not fill the log. */
const MOST_SENDERS = 32;
const OTHERS = 'others';

/** The particulars of a case. Those of one `remoteAddress` are told together, and apart from those of others. */
export interface Particulars {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly [key: string]: unknown;
}

/** What has not been told yet of an event and a sender. */
interface Trouble {
  readonly event: string;
  readonly cancel: () => void;
  text: string;
  fields: object;
  count: number;
}

/**
 * Warns of what may happen again and again: the first time at once, then every 5 s at most, with the `count` since the last warning and
 * text and particulars of the latest case. Each sender has warnings of its own, up to 32 of them; all others share one, which names none.
 */
export class ProblemLog {
  readonly #ctx: BlockContext;
  /** By event, then by sender. */
  readonly #recent = new Map<string, Map<string, Trouble>>();

  constructor(ctx: BlockContext) {
    this.#ctx = ctx;
  }

  note(event: string, text: string, fields: Particulars = {}, count = 1): void {
    const senders = this.#recent.get(event) ?? new Map<string, Trouble>();
    this.#recent.set(event, senders);
    const { remoteAddress = '', remotePort: _port, ...others } = fields;
    const isTold = senders.has(remoteAddress) || senders.size < MOST_SENDERS;
    // guard: the faults of one sender are not told as those of another
    const sender = isTold ? remoteAddress : OTHERS;
    const told = isTold ? fields : { ...others, senders: OTHERS };
    const recent = senders.get(sender);
    if (!recent) return this.#warn(senders, sender, { event, text, fields: told, count });
    recent.count += count;
    // guard: the text of a trouble is that of its latest case
    recent.text = text;
    recent.fields = told;
  }

  /** Tells what has not been told yet, and leaves no timer. */
  close(): void {
    for (const senders of this.#recent.values()) {
      for (const { event, text, fields, count, cancel } of senders.values()) {
        cancel();
        if (count > 0) this.#ctx.log.warn({ event, count, ...fields }, text);
      }
    }
    this.#recent.clear();
  }

  #warn(senders: Map<string, Trouble>, sender: string, { event, text, fields, count }: Omit<Trouble, 'cancel'>): void {
    this.#ctx.log.warn({ event, count, ...fields }, text);
    const cancel = this.#ctx.clock.after(QUIET_MS, () => {
      const recent = senders.get(sender);
      senders.delete(sender);
      if (recent && recent.count > 0) this.#warn(senders, sender, recent);
    });
    senders.set(sender, { event, text, fields: {}, count: 0, cancel });
  }
}
