import type { ActiveBlock } from '../block/active-block.js';
import type { Blocks } from './blocks.js';
import { settles, type Clock } from '../time/clock.js';
import type { EventListener, Unfinished } from '../block/events.js';
import { sayWhatHangs } from './waiting.js';

/** Of the time, for `onLanding` and draining. */
const DRAIN_SHARE = 0.6;

/** The way down of all blocks, with one deadline (L2, L3). */
export class Landing {
  readonly #blocks: Blocks;
  readonly #clock: Clock;
  readonly #withinMs: number;
  readonly #began: number;
  /** Those to be finished yet, the next one first. */
  readonly #left: ActiveBlock[];
  readonly #unfinished: Unfinished[] = [];
  readonly #stopSaying: () => void;

  constructor(blocks: Blocks, clock: Clock, emit: EventListener, withinMs: number) {
    this.#blocks = blocks;
    this.#clock = clock;
    this.#withinMs = withinMs;
    this.#began = clock.now();
    // guard: L2 finishes go in reverse
    this.#left = blocks.initialised.toReversed();
    this.#stopSaying = sayWhatHangs(clock, emit, this.#left);
  }

  /** Resolves at an instant at which every `onLanding` has ended and all mailboxes are idle, or when their share of the time is over. */
  async stopIntakeAndDrain(): Promise<void> {
    const { hasFlown, initialised, others } = this.#blocks;
    const flown = hasFlown ? initialised : [];
    // Nobody will ever take what is in the mailboxes of the others.
    // guard: M5 who asked a block that will not fly hears of it at once
    for (const block of others) if (!flown.includes(block)) block.closeMailbox();
    const drained = async (): Promise<void> => {
      await this.#blocks.stopIntake();
      await this.#blocks.idle();
    };
    // guard: B4 what never flew has nothing to drain
    // guard: L2 what was accepted is delivered
    // guard: L3 nor does an onLanding that hangs
    if (hasFlown) await settles(this.#clock, drained(), this.#withinMs * DRAIN_SHARE);
  }

  /** Finishes block by block, each with its share of the time that is left. */
  async finish(): Promise<void> {
    const deadline = this.#began + this.#withinMs;
    const after = this.#blocks.hasFlown ? 'flight' : 'init';
    for (let block = this.#left[0]; block; block = this.#left[0]) {
      // guard: L3 each block has its share of the time
      const share = (deadline - this.#clock.now()) / this.#left.length;
      this.#unfinished.push(...(await block.finish(after, share)));
      this.#left.shift();
    }
    this.#stopSaying();
  }

  /** What did not end. Ask at the very end: an `init` that was given up may begin something as long as it runs. */
  get unfinished(): Unfinished[] {
    const { initialised, others } = this.#blocks;
    const notInitialised = others.filter((block) => !initialised.includes(block));
    // guard: L4 what a block whose init failed left under way is named
    return [...this.#unfinished, ...notInitialised.flatMap((block) => block.hanging())];
  }

  get tookMs(): number {
    return this.#clock.now() - this.#began;
  }
}
