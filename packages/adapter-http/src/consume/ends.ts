import type { Metric } from '@sputnikjs/core';
import type { ProblemLog } from '@sputnikjs/messaging/net';
import type { End } from './reader.js';

/** Why readers are cut. */
const CUTS = ['slow', 'gaveWay', 'gap'] as const;
type Cut = (typeof CUTS)[number];

/** A reader that is over. */
export interface Ended {
  readonly source: string;
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  /** Messages that were written to it and not taken. */
  readonly unread: number;
}

/** Counts what readers missed, and how many were cut; tells of those. */
export class Ends {
  readonly #texts: Readonly<Record<Cut, string>>;
  readonly #cuts: Record<Cut, number> = { slow: 0, gaveWay: 0, gap: 0 };
  #unread = 0;

  constructor({ readerTimeoutMs, maxReaders }: { readonly readerTimeoutMs: number; readonly maxReaders: number }) {
    this.#texts = {
      slow: `it took nothing for ${readerTimeoutMs} ms while a message waited for it`,
      gaveWay: `there are ${maxReaders} ("maxReaders"), and its client has most of them`,
      gap: 'the server no longer has messages that it did not get',
    };
  }

  note(why: End, ended: Ended, problemLog: ProblemLog): void {
    this.#unread += ended.unread;
    if (!isCut(why)) return;
    this.#cuts[why]++;
    problemLog.note('readerCut', `a reader was cut: ${this.#texts[why]}`, { ...ended });
  }

  metrics(): readonly Metric[] {
    const cut = (why: Cut): Metric => ({
      name: 'readers_cut_total',
      type: 'counter',
      help: 'Readers that were cut: too slow, of the client that had most, or the server no longer had their messages.',
      labels: { why },
      value: this.#cuts[why],
    });
    return [
      {
        name: 'missed_total',
        type: 'counter',
        help: 'Of these, the messages that a reader had not taken when it left or was cut.',
        value: this.#unread,
      },
      ...CUTS.map(cut),
    ];
  }
}

function isCut(why: End): why is Cut {
  return CUTS.some((cut) => cut === why);
}
