import type { BlockDescriptor, Clock, Logger } from '@sputnikjs/core';
import { Tap, type TapReader, type TapWish } from './tap.js';

/** So many may tap at once. */
const MOST_TAPS = 4;
/** Stands for all blocks where it is allowed. */
export const ALL_BLOCKS = '*';

/** The taps of a satellite, and the blocks that may be tapped. */
export class Taps {
  /** Call it with each message that a block accepts. Undefined while there is no tap, so that it costs nothing then. */
  take: ((msg: object, from: BlockDescriptor, to: BlockDescriptor) => void) | undefined;
  readonly #clock: Clock;
  readonly #log: Logger | undefined;
  readonly #taps = new Set<Tap>();
  #allowed: readonly string[];

  constructor(clock: Clock, allowed: readonly string[], log: Logger | undefined) {
    this.#clock = clock;
    this.#allowed = allowed;
    this.#log = log;
  }

  /** Responsibilities of the blocks that may be tapped; `*` stands for all. */
  get allowed(): readonly string[] {
    return this.#allowed;
  }

  /** From now on these, and no others. */
  allow(blocks: readonly string[]): void {
    this.#allowed = blocks;
    const tapped = ({ blocks: some }: TapWish): readonly string[] => (some.length === 0 ? [ALL_BLOCKS] : some);
    for (const tap of this.#taps)
      // guard: a tap that is allowed no more ends
      if (!tapped(tap.wish).every((block) => this.mayTap(block))) tap.end('the configuration no longer allows it');
  }

  /** True if the messages of a block may be shown. */
  mayTap(block: string): boolean {
    // guard: only the blocks that the configuration names are tapped
    return this.#allowed.includes(ALL_BLOCKS) || this.#allowed.includes(block);
  }

  /** True if nobody else can tap now. */
  get isFull(): boolean {
    return this.#taps.size >= MOST_TAPS;
  }

  /** Shows messages as asked, until the tap ends. */
  begin(wish: TapWish, reader: TapReader): void {
    const some = wish.blocks.length === 0 && !this.#allowed.includes(ALL_BLOCKS);
    const tap = new Tap(some ? { ...wish, blocks: this.#allowed } : wish, reader, this.#clock, (why) => {
      this.#taps.delete(tap);
      if (this.#taps.size === 0) this.take = undefined;
      const { passed, shown } = tap.counts;
      const text = `the tap of ${named(tap.wish)} has ended because ${why}: ${shown} of ${passed} messages were shown`;
      this.#log?.info({ event: 'tapEnded', blocks: tap.wish.blocks, ...tap.counts }, text);
    });
    this.#taps.add(tap);
    this.take = (msg, from, to) => {
      for (const one of this.#taps) one.take(msg, from, to);
    };
    this.#log?.info({ event: 'tapBegun', blocks: tap.wish.blocks }, `a tap of ${named(tap.wish)} has begun`);
  }

  end(why: string): void {
    for (const tap of this.#taps) tap.end(why);
  }
}

function named({ blocks }: TapWish): string {
  return blocks.length === 0 ? 'all blocks' : blocks.join(', ');
}
