import type { Clock, Logger } from '@sputnikjs/core';

const QUIET_MS = 5_000;
/** Most senders with warnings of their own: a scan of the network must not fill the log. */
const MOST_SENDERS = 32;
const OTHERS = 'others';

/** Fields of the log line. Cases with the same `remoteAddress` share warnings; other addresses have others. */
export interface LogFields {
  readonly remoteAddress?: string | undefined;
  readonly remotePort?: number | undefined;
  readonly [key: string]: unknown;
}

/** What a {@link ProblemLog} needs; the context of a block has it. */
export interface ProblemLogContext {
  readonly log: Logger;
  readonly clock: Clock;
}

/** What is not logged yet of an event and a sender. */
interface Trouble {
  readonly event: string;
  readonly cancel: () => void;
  text: string;
  fields: object;
  count: number;
}

/**
 * Logs warnings of problems that may occur again and again: the first at once, then at most one in 5 s, with the `count` since the last
 * warning and the text and fields of the latest case. Up to 32 senders (`remoteAddress`) have their own warnings; all others share one, which
 * names none. Call `close` at the end: it logs the rest, and clears the timers.
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

  /** Logs `count` cases, at once or together with later ones. */
  note(event: string, text: string, fields: LogFields = {}, count = 1): void {
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

  /** Logs what is not logged yet, and clears the timers. */
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
