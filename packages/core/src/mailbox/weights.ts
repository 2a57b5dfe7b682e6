import { Ring } from './ring.js';

/** What the messages that a mailbox holds weigh: those that wait, in order, and those under way (M10). */
export class Weights {
  private readonly weigh: (msg: object) => number;
  private readonly most: number;
  private readonly failed: (error: unknown) => void;
  private readonly waiting = new Ring<number, undefined>();
  /** Of all. */
  private held = 0;
  /** Of those that wait. */
  private queued = 0;

  /** `failed` is called with why a message could not be weighed. */
  constructor(weigh: (msg: object) => number, most: number, failed: (error: unknown) => void) {
    this.weigh = weigh;
    this.most = most;
    this.failed = failed;
  }

  /** Infinity if it cannot be weighed: then it never fits. */
  of(msg: object): number {
    try {
      const weight = this.weigh(msg);
      // guard: M10 a weight is a whole number, not below 0
      if (Number.isSafeInteger(weight) && weight >= 0) return weight;
      throw new RangeError(`mailbox.weigh must give a whole number, 0 or more, not ${weight}`);
    } catch (error) {
      // guard: M10 a weigh that fails is a failure of the block
      this.failed(error);
      return Infinity;
    }
  }

  /** True if there is room for that much: beside all, or beside what is under way alone. */
  fits(weight: number, beside: 'all' | 'under way'): boolean {
    const held = beside === 'all' ? this.held : this.held - this.queued;
    // guard: M10 the weight of what is held is bounded
    // guard: M10 what is heavier than the bound is held alone
    return held + weight <= this.most || (held === 0 && weight < Infinity);
  }

  /** More is held than there is room for. */
  get isOver(): boolean {
    return this.held > this.most;
  }

  /** One more waits. */
  push(weight: number): void {
    this.waiting.push(weight, undefined);
    this.queued += weight;
    this.held += weight;
  }

  /** The oldest of those that wait is under way from now on. */
  begin(): number {
    const { first: weight } = this.waiting;
    this.waiting.advance();
    this.queued -= weight;
    return weight;
  }

  /** So much is held no longer. */
  release(weight: number): void {
    this.held -= weight;
  }
}
