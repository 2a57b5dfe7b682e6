import type { ErrorCode } from './errors.js';
import type { Pacer } from './pacer.js';
import { Ring } from './ring.js';
import { noCounts, Workers, type Counts, type Question, type Recipient } from './workers.js';

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
export class Mailbox<F> {
  readonly counts: Counts = noCounts();
  readonly #capacity: number;
  readonly #dropsOldest: boolean;
  readonly #pacer: Pacer;
  readonly #workers: Workers<F>;
  readonly #queue = new Ring<object, F, Question | undefined>();
  /** Senders that wait for room, first come, first served (M4). */
  readonly #waiting = new Set<(letIn: boolean) => void>();
  #idlers: (() => void)[] = [];
  #state: 'held' | 'open' | 'closed' = 'held';
  #scheduled = false;
  #dropping = false;

  constructor(recipient: Recipient<F>, pacer: Pacer, options: MailboxOptions = {}) {
    this.#capacity = options.capacity ?? 65_536;
    this.#dropsOldest = options.whenFull === 'drop-oldest';
    this.#pacer = pacer;
    this.#workers = new Workers(recipient, options.concurrency ?? 1, this.counts, () => {
      if (this.#queue.size === 0) this.#tellIdle();
      else if (!this.#scheduled) this.#run();
    });
  }

  get depth(): number {
    return this.#queue.size;
  }

  /** Handlers that have begun and not ended. */
  get underWay(): number {
    return this.#workers.busy;
  }

  get isIdle(): boolean {
    return this.#queue.size === 0 && this.#workers.busy === 0 && this.#waiting.size === 0;
  }

  /** Resolves at an instant at which it is idle. */
  idle(): Promise<void> {
    return this.isIdle ? soon : new Promise((resolve) => this.#idlers.push(resolve));
  }

  /** Accepts a message now, or never. */
  offer(msg: object, from: F, question?: Question): boolean {
    const full = this.#queue.size >= this.#capacity;
    if (this.#state === 'closed' || this.#dropping || (full && !this.#dropsOldest)) {
      this.counts.rejected++;
      return false;
    }
    if (full) {
      this.#dropping = true;
      this.#drop(1, 'ASK_DROPPED');
      this.#dropping = false;
    }
    this.#accept(msg, from, question);
    return true;
  }

  /** Accepts a message once there is room, in turn; false if there never will be. Rejects when the signal aborts first. */
  async post(msg: object, from: F, signal: AbortSignal | undefined): Promise<boolean> {
    signal?.throwIfAborted();
    const mustWait = this.#queue.size >= this.#capacity && !this.#dropsOldest && this.#state !== 'closed';
    if (!mustWait) return this.offer(msg, from);
    return new Promise((resolve, reject) => {
      const settle = (letIn: boolean): void => {
        this.#waiting.delete(settle);
        signal?.removeEventListener('abort', giveUp);
        if (letIn) this.#accept(msg, from);
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
    this.#drop(this.#queue.size, 'ASK_ENDED');
    this.counts.rejected += this.#waiting.size;
    for (const settle of this.#waiting) settle(false);
    this.#tellIdle();
  }

  /** Closes, and waits no longer for handlers under way: their messages count as dropped. */
  abandon(): void {
    this.close();
    this.#workers.abandon();
    this.#tellIdle();
  }

  #accept(msg: object, from: F, question?: Question): void {
    this.#queue.push(msg, from, question);
    this.counts.accepted++;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || this.#state !== 'open' || !this.#workers.isFree) return;
    this.#scheduled = true;
    void soon.then(this.#run);
  }

  readonly #run = (): void => {
    this.#scheduled = true;
    while (this.#queue.size > 0 && this.#workers.isFree && this.#state === 'open') {
      if (!this.#pacer.mayGoOn()) return this.#pacer.defer(this.#run);
      this.#next();
    }
    this.#scheduled = false;
    this.#tellIdle();
  };

  #next(): void {
    const { first: msg, second: from, third: question } = this.#queue;
    this.#queue.advance();
    if (this.#waiting.size > 0) this.#letIn();
    this.#workers.handle(msg, from, question);
  }

  #letIn(): void {
    const [first] = this.#waiting;
    first?.(true);
  }

  #drop(count: number, code: ErrorCode): void {
    for (let i = 0; i < count; i++) {
      const question = this.#queue.third;
      this.#queue.advance();
      question?.fail(code);
    }
    this.#workers.drop(count);
  }

  #tellIdle(): void {
    if (this.#idlers.length === 0 || !this.isIdle) return;
    const idlers = this.#idlers;
    this.#idlers = [];
    for (const idler of idlers) idler();
  }
}
