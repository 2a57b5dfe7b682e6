import type { BlockDescriptor, Clock } from '@sputnikjs/core';
import { printable } from '../text.js';
import { shownMessage } from './shown-message.js';

/** A reader that has so much to read gets no more until it has read. */
const MOST_UNREAD_BYTES = 256 * 1024;
/** How long it may take for the rest when the tap has ended, in milliseconds. */
const LAST_MS = 5_000;
const SECOND_MS = 1_000;

/** What a tap was asked to show. */
export interface TapWish {
  /** Responsibilities of the blocks; all if empty. */
  readonly blocks: readonly string[];
  readonly seconds: number;
  /** Most messages. */
  readonly count: number;
  /** Most messages a second. */
  readonly rate: number;
  /** Most characters and bytes of a message. */
  readonly size: number;
}

/** The reader of a tap, such as a response of Node. */
export interface TapReader {
  readonly writableLength: number;
  write(text: string): unknown;
  end(text: string): unknown;
  destroy(): unknown;
  once(event: 'close', listener: () => void): unknown;
}

/** Counts of a tap: messages that passed, those shown, and those left out, because there were too many or the reader did not read. */
export interface TapCounts {
  passed: number;
  shown: number;
  unread: number;
}

/** Shows a reader some of the messages that blocks accept, a line of JSON each. */
export class Tap {
  readonly wish: TapWish;
  readonly counts: TapCounts = { passed: 0, shown: 0, unread: 0 };
  readonly #reader: TapReader;
  readonly #clock: Clock;
  readonly #ended: (why: string) => void;
  readonly #blocks: ReadonlySet<string>;
  /** When the last ones were shown, as many as may be in a second; the oldest at `#at`. */
  readonly #times: number[];
  #at = 0;
  /** Since the last one that was shown. */
  #skipped = 0;
  #cancel: () => void;
  #isOver = false;

  /** Calls `ended` once, with the reason. */
  constructor(wish: TapWish, reader: TapReader, clock: Clock, ended: (why: string) => void) {
    this.wish = wish;
    this.#reader = reader;
    this.#clock = clock;
    this.#ended = ended;
    this.#blocks = new Set(wish.blocks);
    this.#times = Array.from({ length: wish.rate }, () => -Infinity);
    this.#cancel = clock.after(wish.seconds * SECOND_MS, () => this.end(`${wish.seconds} s have passed`));
    reader.once('close', () => {
      this.#stop('the reader has left');
      this.#cancel();
    });
    this.#write({ kind: 'begin', ...wish });
  }

  take(msg: object, from: BlockDescriptor, to: BlockDescriptor): void {
    if (this.#blocks.size > 0 && !this.#blocks.has(to.responsibility)) return;
    this.counts.passed++;
    const now = this.#clock.now();
    // guard: so many messages a second are shown
    if (now - (this.#times[this.#at] ?? 0) < SECOND_MS) return void this.#skipped++;
    // guard: what the reader of a tap does not read is not kept
    if (this.#reader.writableLength > MOST_UNREAD_BYTES) {
      this.counts.unread++;
      return void this.#skipped++;
    }
    this.#times[this.#at] = now;
    this.#at = (this.#at + 1) % this.#times.length;
    this.counts.shown++;
    const head = {
      kind: 'message',
      at: new Date().toISOString(),
      from: from.responsibility,
      to: to.responsibility,
      ...(this.#skipped > 0 && { skipped: this.#skipped }),
    };
    this.#skipped = 0;
    const text = printable(JSON.stringify(head));
    this.#reader.write(`${text.slice(0, -1)},"message":${shownMessage(msg, this.wish.size)}}\n`);
    if (this.counts.shown === this.wish.count) this.end('the count is reached');
  }

  /** Shows no more, and says why. */
  end(why: string): void {
    if (this.#isOver) return;
    this.#stop(why);
    this.#cancel();
    this.#reader.end(lineOf({ kind: 'end', why, ...this.counts }));
    // guard: a reader that reads nothing keeps no connection
    this.#cancel = this.#clock.after(LAST_MS, () => this.#reader.destroy());
  }

  #stop(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ended(why);
  }

  #write(line: object): void {
    this.#reader.write(lineOf(line));
  }
}

function lineOf(line: object): string {
  return `${printable(JSON.stringify(line))}\n`;
}
