import type { ErrorCode } from './errors.js';
import type { Pacer } from './pacer.js';
import { Ring } from './ring.js';
import { Workers, type Recipient, type Sender } from './workers.js';

/** Bounds of a mailbox. */
export interface MailboxOptions {
  /** Messages waiting at most; 65,536 unless given. */
  readonly capacity?: number | undefined;
  /** What a full mailbox does with a further message: refuse it (the default), or drop its oldest one for it. */
  readonly whenFull?: 'reject' | 'drop-oldest' | undefined;
  /** `onMsg` calls under way at most; 1 unless given. */
  readonly concurrency?: number | undefined;
}

const soon = Promise.resolve();

/** A bounded queue with one consumer: first in, first out, never run inline (M1 to M4). Nothing is allocated per message. */
export class Mailbox<F> extends Workers<F> {
  readonly #capacity: number;
  readonly #concurrency: number;
  readonly #dropsOldest: boolean;
  readonly #pacer: Pacer;
  readonly #queue = new Ring<object, Sender<F>>();
  /** Senders that wait for room, first come, first served (M4). */
  readonly #waiting = new Set<(letIn: boolean) => void>();
  readonly #idlers: (() => void)[] = [];
  #state: 'held' | 'open' | 'closed' = 'held';
  #scheduled = false;
  #dropping = false;

  constructor(recipient: Recipient<F>, pacer: Pacer, options: MailboxOptions = {}) {
    super(recipient);
    this.#capacity = options.capacity ?? 65_536;
    this.#concurrency = options.concurrency ?? 1;
    this.#dropsOldest = options.whenFull === 'drop-oldest';
    this.#pacer = pacer;
  }

  get depth(): number {
    return this.#queue.size;
  }

  get isIdle(): boolean {
    return this.depth === 0 && this.busy === 0 && this.#waiting.size === 0;
  }

  /** Resolves at an instant at which it is idle. */
  idle(): Promise<void> {
    return this.isIdle ? soon : new Promise((resolve) => this.#idlers.push(resolve));
  }

  /** Accepts a message now, or never. */
  offer(msg: object, sender: Sender<F>): boolean {
    const full = this.depth >= this.#capacity;
    if (this.#state === 'closed' || this.#dropping || (full && !this.#dropsOldest)) {
      this.counts.rejected++;
      return false;
    }
    if (full) {
      this.#dropping = true;
      this.#shed(1, 'ASK_DROPPED');
      this.#dropping = false;
    }
    this.#accept(msg, sender);
    return true;
  }

  /** Accepts a message once there is room, in turn; false if there never will be. Rejects when the signal aborts first. */
  async post(msg: object, sender: Sender<F>, signal: AbortSignal | undefined): Promise<boolean> {
    signal?.throwIfAborted();
    const mustWait = this.depth >= this.#capacity && !this.#dropsOldest && this.#state !== 'closed';
    if (!mustWait) return this.offer(msg, sender);
    return new Promise((resolve, reject) => {
      const settle = (letIn: boolean): void => {
        this.#waiting.delete(settle);
        signal?.removeEventListener('abort', giveUp);
        if (letIn) this.#accept(msg, sender);
        resolve(letIn);
      };
      const giveUp = (): void => {
        reject(signal?.reason as Error);
        settle(false);
        this.#tellIdle();
      };
      this.#waiting.add(settle);
      signal?.addEventListener('abort', giveUp);
    });
  }

  /** Begins to hand messages over (F2). */
  open(): void {
    this.#state = 'open';
    this.#schedule();
  }

  /** Takes and hands over nothing more; what waits is dropped. Handlers under way go on. */
  close(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#shed(this.depth, 'ASK_ENDED');
    this.counts.rejected += this.#waiting.size;
    for (const settle of this.#waiting) settle(false);
    this.#tellIdle();
  }

  /** Closes, and waits no longer for handlers under way: their messages count as dropped. */
  override abandon(): void {
    this.close();
    super.abandon();
    this.#tellIdle();
  }

  protected override onFree(): void {
    if (this.depth === 0) this.#tellIdle();
    else if (!this.#scheduled) this.#run();
  }

  #accept(msg: object, sender: Sender<F>): void {
    this.#queue.push(msg, sender);
    this.counts.accepted++;
    this.#schedule();
  }

  get #mayHandle(): boolean {
    return this.#state === 'open' && this.depth > 0 && this.busy < this.#concurrency;
  }

  #schedule(): void {
    if (this.#scheduled || !this.#mayHandle) return;
    this.#scheduled = true;
    void soon.then(this.#run);
  }

  readonly #run = (): void => {
    this.#scheduled = true;
    while (this.#mayHandle) {
      if (!this.#pacer.mayGoOn()) return this.#pacer.defer(this.#run);
      const { first: msg, second: sender } = this.#queue;
      this.#queue.advance();
      if (this.#waiting.size > 0) this.#waiting.values().next().value?.(true);
      this.handle(msg, sender);
    }
    this.#scheduled = false;
    this.#tellIdle();
  };

  #shed(count: number, code: ErrorCode): void {
    for (let i = 0; i < count; i++) {
      const { fail } = this.#queue.second;
      this.#queue.advance();
      fail?.(code);
    }
    this.drop(count);
  }

  #tellIdle(): void {
    if (this.#idlers.length === 0 || !this.isIdle) return;
    for (const idler of this.#idlers.splice(0)) idler();
  }
}
