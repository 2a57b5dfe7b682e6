import { Line, type BlockCommunicator, type BlockContext } from '@sputnikjs/core';
import { causeOf, isPassing, type ProduceMessage, type ProduceResult } from '@sputnikjs/messaging';
import type { ProblemLog } from '@sputnikjs/messaging/net';
import type { Kept } from '../store/record.js';
import type { Store } from '../store/store.js';

/** Delay from one try to the next while the producer cannot deliver, in milliseconds: doubles each time, from the first value to the second. */
const RETRY_MS = [100, 10_000] as const;
/** Most bytes under way, and most messages taken at once: so it is exceeded by little. */
const [WINDOW_BYTES, STEP] = [8_388_608, 128] as const;
/** When the window was full, this part of it has to be free before more is asked for: by many at once, each costs less (measured). */
const FREE = 1 / 4;
const FOREVER = { timeoutMs: Infinity } as const;

/** What a delivery needs. */
export interface DeliveryParts {
  readonly store: Store;
  readonly uplink: BlockCommunicator<ProduceMessage, ProduceResult | void>;
  readonly ctx: BlockContext;
  readonly problemLog: ProblemLog;
  /** Most messages under way. */
  readonly window: number;
  /** A message that is older is dropped. */
  readonly maxAgeMs: number;
  /** Milliseconds of Unix time. */
  readonly now: () => number;
  /** Resolves when a message that the server refuses is kept elsewhere. Rejects if it cannot be for now. */
  readonly bury: (kept: Kept, reason: string) => Promise<void>;
}

/**
 * Asks the producer to deliver what a store keeps, in order, a bounded number at a time, and acknowledges what the server has. What the producer
 * cannot deliver for now is asked for again, in order; what the server refuses for good is buried.
 */
export class Delivery {
  delivered = 0;
  duplicates = 0;
  expired = 0;
  readonly #parts: DeliveryParts;
  /** In order. */
  readonly #underWay = new Line<Kept>();
  #bytes = 0;
  /** The oldest of those that are asked for again after a pause. */
  #again: Kept | undefined;
  #isWorking = false;
  /** Something was stored, or settled, since it was looked for. */
  #isAwaited = false;
  /** There was more to deliver than room for it. */
  #isFull = false;
  #isStopped = false;
  /** What was asked for has to end before it is asked for again. */
  #isPausing = false;
  #retryMs: number = RETRY_MS[0];
  #cancelRetry: (() => void) | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(parts: DeliveryParts) {
    this.#parts = parts;
  }

  /** Milliseconds for which the oldest message has been kept; 0 if there is none. */
  get oldestMs(): number {
    const [first, again] = [this.#underWay.first, this.#again];
    const oldest = first && again ? (first.sequence < again.sequence ? first : again) : (first ?? again);
    if (oldest === undefined || this.#parts.store.kept === 0) return 0;
    return Math.max(0, this.#parts.now() - oldest.time);
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  /** There may be something to deliver. */
  goOn(): void {
    this.#isAwaited = true;
    if (!this.#isWorking) void this.#work();
  }

  /** Asks for nothing more. What is under way goes on. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelRetry?.();
    this.#onEmpty?.();
  }

  /** Resolves when nothing is kept any more, or it has been stopped. */
  emptied(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      if (this.#isStopped || this.#parts.store.kept === 0) resolve();
    });
  }

  get #hasRoom(): boolean {
    // guard: D11 what is under way is bounded
    return this.#underWay.size < this.#parts.window && this.#bytes < WINDOW_BYTES;
  }

  async #work(): Promise<void> {
    this.#isWorking = true;
    try {
      while (this.#isAwaited && !this.#isPausing) {
        this.#isAwaited = false;
        while (this.#hasRoom && !this.#isStopped && !this.#isPausing && (await this.#askForSome()));
        // guard: D11 a window that was full is filled again
        this.#isFull = !this.#hasRoom;
      }
    } catch (error) {
      this.#parts.problemLog.note('spoolUnreadable', 'messages on disk cannot be read; the spool tries again', {
        error,
      });
      this.#pause();
    }
    this.#isWorking = false;
  }

  /** False if there is nothing. */
  async #askForSome(): Promise<boolean> {
    const { store, window, maxAgeMs, now } = this.#parts;
    const some = await store.take(Math.min(STEP, window - this.#underWay.size));
    // stopped, or paused, meanwhile: they come again
    if (this.#isStopped || this.#isPausing) return false;
    for (const kept of some) {
      if (store.isAcknowledged(kept.sequence)) continue;
      // guard: D7 a message that is too old is dropped
      if (now() - kept.time > maxAgeMs) {
        this.expired++;
        this.#acknowledge(kept);
      } else this.#ask(kept);
    }
    if (some.length > 0) this.#again = undefined;
    return some.length > 0;
  }

  #ask(kept: Kept): void {
    this.#underWay.join(kept);
    this.#bytes += kept.content.payload.length;
    this.#parts.uplink.ask(kept.content, FOREVER).then(
      (result) => {
        this.delivered++;
        this.#retryMs = RETRY_MS[0];
        if (result?.duplicate) this.duplicates++;
        this.#done(kept);
      },
      (error: unknown) => this.#failed(kept, error),
    );
  }

  /** The message need not be kept any longer. */
  #done(kept: Kept): void {
    this.#acknowledge(kept);
    this.#settle(kept);
  }

  #acknowledge({ sequence }: Kept): void {
    const { store } = this.#parts;
    store.acknowledge(sequence);
    if (store.kept === 0) this.#onEmpty?.();
  }

  #settle(kept: Kept): void {
    this.#underWay.leave(kept);
    this.#bytes -= kept.content.payload.length;
    if (this.#isPausing) this.#retryWhenAllHaveEnded();
    else if (this.#isFull && this.#underWay.size <= this.#parts.window * (1 - FREE)) this.goOn();
  }

  #failed(kept: Kept, error: unknown): void {
    // guard: D11 what the producer could not deliver for now is kept
    if (isPassing(error)) return this.#notNow(kept, causeOf(error));
    // guard: D12 what the server refuses for good is buried
    this.#parts.bury(kept, reasonOf(causeOf(error))).then(
      () => this.#done(kept),
      (problem: unknown) => this.#notNow(kept, problem),
    );
  }

  #notNow(kept: Kept, error: unknown): void {
    if (!this.#isStopped)
      this.#parts.problemLog.note('spoolWaits', 'messages cannot be delivered for now; they are kept', { error });
    // guard: D11 what waits for the next try has its age
    if (this.#again === undefined || kept.sequence < this.#again.sequence) this.#again = kept;
    this.#pause();
    this.#settle(kept);
  }

  #pause(): void {
    this.#isPausing = true;
    if (this.#underWay.size === 0) this.#retryWhenAllHaveEnded();
  }

  /** So that messages of a target stay in order. */
  #retryWhenAllHaveEnded(): void {
    // guard: D11 what is sent again waits until all before it has ended
    if (this.#underWay.size > 0 || this.#isStopped) return;
    this.#cancelRetry ??= this.#parts.ctx.clock.after(this.#retryMs, () => {
      this.#cancelRetry = undefined;
      this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MS[1]);
      this.#isPausing = false;
      this.#parts.store.rewind();
      this.goOn();
    });
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
