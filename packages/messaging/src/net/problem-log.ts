import type { Clock, Logger } from '@sputnikjs/core';

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

/** What a log needs; the context of a block has it. */
export interface ProblemLogContext {
  readonly log: Logger;
  readonly clock: Clock;
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
 * Warns of problems that may occur again and again: of the first at once, then every 5 s at most, with the `count` since the last
 * warning, and the text and particulars of the latest case. Each sender (`remoteAddress`) has its own warnings, up to 32 senders; all
 * others share one, which names none. Call `close` at the end: it tells the rest, and leaves no timer.
 *
 * @example
 * import { ProblemLog } from '@sputnikjs/messaging/net';
 * import { manualClock, MemoryLog } from '@sputnikjs/testkit';
 * const [log, clock] = [new MemoryLog(), manualClock()];
 * const problems = new ProblemLog({ log, clock });
 * for (const port of [1, 2, 3]) problems.note('handshakeFailed', 'no TLS', { remoteAddress: '192.0.2.1', remotePort: port });
 * await clock.advance(5_000);
 * console.log(log.lines.map(({ fields }) => fields['count'])); // [ 1, 2 ]
 * problems.close();
 */
export class ProblemLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  /** By event, then by sender. */
  readonly #recent = new Map<string, Map<string, Trouble>>();

  constructor({ log, clock }: ProblemLogContext) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Warns of `count` cases, at once or with those that follow. */
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
        if (count > 0) this.#log.warn({ event, count, ...fields }, text);
      }
    }
    this.#recent.clear();
  }

  #warn(senders: Map<string, Trouble>, sender: string, { event, text, fields, count }: Omit<Trouble, 'cancel'>): void {
    this.#log.warn({ event, count, ...fields }, text);
    const cancel = this.#clock.after(QUIET_MS, () => {
      const recent = senders.get(sender);
      senders.delete(sender);
      if (recent && recent.count > 0) this.#warn(senders, sender, recent);
    });
    senders.set(sender, { event, text, fields: {}, count: 0, cancel });
  }
}
