import type { ErrorCode } from './errors.js';
import { Line } from './line.js';
import type { Entry, Sender } from './mail.js';
import type { Pacer } from './pacer.js';
import type { Question } from './question.js';
import { Ring } from './ring.js';
import { Workers, type Counts, type Recipient } from './workers.js';

/** Bounds of a mailbox. */
export interface MailboxOptions {
  /** Messages waiting at most; 65,536 unless given. */
  readonly capacity?: number | undefined;
  /** What a full mailbox does with a further message: refuse it (the default), or drop its oldest one for it. */
  readonly whenFull?: 'reject' | 'drop-oldest' | undefined;
  /** `onMsg` or `onMsgs` calls under way at most; 1 unless given. */
  readonly concurrency?: number | undefined;
  /** Messages that one call of `onMsgs` gets at most; 256 unless given. */
  readonly batch?: number | undefined;
}

/** Somebody who waits for room, with a message. */
interface Waiting<F> {
  readonly msg: object;
  readonly sender: Sender<F>;
  /** There was room, or there never will be. */
  settled(letIn: boolean): void;
}

const soon = Promise.resolve();

/** A bounded queue with one consumer: first in, first out, never run inline (M1 to M4). Nothing is allocated per message. */
export class Mailbox<F> {
  /** What takes the messages out of it. */
  readonly callback: 'onMsg' | 'onMsgs';
  readonly counts: Counts;
  readonly #workers: Workers<F>;
  readonly #capacity: number;
  readonly #concurrency: number;
  readonly #dropsOldest: boolean;
  /** 0 where messages are handled one by one. */
  readonly #batch: number;
  readonly #pacer: Pacer;
  readonly #queue = new Ring<object, Sender<F>>();
  /** Those who wait for room, first come, first served (M4). */
  readonly #waiting = new Line<Waiting<F>>();
  readonly #idlers: (() => void)[] = [];
  #state: 'held' | 'open' | 'closed' = 'held';
  #scheduled = false;
  #dropping = false;

  constructor(recipient: Recipient<F>, pacer: Pacer, options: MailboxOptions = {}) {
    this.#workers = new Workers(recipient, () => this.#onFree());
    this.callback = recipient.handleAll ? 'onMsgs' : 'onMsg';
    this.counts = this.#workers.counts;
    this.#capacity = options.capacity ?? 65_536;
    this.#concurrency = options.concurrency ?? 1;
    this.#dropsOldest = options.whenFull === 'drop-oldest';
    this.#batch = recipient.handleAll ? (options.batch ?? 256) : 0;
    this.#pacer = pacer;
  }

  /** Messages accepted and not yet begun. */
  get depth(): number {
    return this.#queue.size;
  }

  /** Messages under way. */
  get busy(): number {
    return this.#workers.messages;
  }

  /** True while a handler is under way. */
  get isBusy(): boolean {
    return this.#workers.calls > 0;
  }

  get isIdle(): boolean {
    return this.depth === 0 && this.#workers.calls === 0 && this.#waiting.size === 0;
  }

  /** Resolves at an instant at which it is idle. */
  idle(): Promise<void> {
    return this.isIdle ? soon : new Promise((resolve) => this.#idlers.push(resolve));
  }

  /** Accepts a message now, or never. While somebody waits for room nobody overtakes (M4). */
  offer(msg: object, sender: Sender<F>): boolean {
    const full = this.#isFull;
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
    if (!this.#mustWait) return this.offer(msg, sender);
    return new Promise((resolve, reject) => {
      const leave = this.#wait(msg, sender, (letIn) => {
        signal?.removeEventListener('abort', giveUp);
        resolve(letIn);
      });
      const giveUp = (): void => {
        reject(signal?.reason as Error);
        leave();
      };
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** Accepts a question once there is room, in turn with those who post; now or never if it cannot wait. */
  ask(msg: object, question: Question<F>, whenFull: 'wait' | 'reject'): void {
    if (whenFull === 'reject' || !this.#mustWait) {
      if (!this.offer(msg, question)) question.fail('ASK_REFUSED');
      return;
    }
    const leave = this.#wait(
      msg,
      question,
      (letIn) => void (letIn ? question.accepted() : question.fail('ASK_REFUSED')),
    );
    question.waits(() => void (leave() && this.counts.rejected++));
  }

  /** `settled` is called when there is room, or never will be. The function returned leaves; false if that is too late. */
  #wait(msg: object, sender: Sender<F>, settled: (letIn: boolean) => void): () => boolean {
    const place = this.#waiting.join({ msg, sender, settled });
    return () => {
      const left = this.#waiting.leave(place);
      this.#tellIdle();
      return left;
    };
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
    for (let waiting = this.#waiting.next(); waiting; waiting = this.#waiting.next()) waiting.settled(false);
    this.#tellIdle();
  }

  /** Closes, and waits no longer for handlers under way: their messages count as dropped. */
  abandon(): void {
    this.close();
    this.#workers.abandon();
    this.#tellIdle();
  }

  get #isFull(): boolean {
    return this.depth >= this.#capacity || this.#waiting.size > 0;
  }

  get #mustWait(): boolean {
    return this.#state !== 'closed' && !this.#dropsOldest && this.#isFull;
  }

  #onFree(): void {
    if (this.depth === 0) this.#tellIdle();
    else if (!this.#scheduled) this.#run();
  }

  #accept(msg: object, sender: Sender<F>): void {
    this.#queue.push(msg, sender);
    this.counts.accepted++;
    this.#schedule();
  }

  get #mayHandle(): boolean {
    return this.#state === 'open' && this.depth > 0 && this.#workers.calls < this.#concurrency;
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
      if (this.#batch > 0) this.#handleAll();
      else this.#handle();
    }
    this.#scheduled = false;
    this.#tellIdle();
  };

  #handle(): void {
    const { first: msg, second: sender } = this.#queue;
    this.#advance();
    this.#workers.handle(msg, sender);
  }

  /** As many as wait, and the batch has room for. */
  #handleAll(): void {
    const entries: Entry<F>[] = [];
    do {
      entries.push([this.#queue.first, this.#queue.second]);
      this.#advance();
    } while (entries.length < this.#batch && this.depth > 0);
    this.#workers.handleAll(entries);
  }

  /** Forgets the oldest message, and lets in who has waited longest for its place. */
  #advance(): void {
    this.#queue.advance();
    if (this.#waiting.size === 0) return;
    const waiting = this.#waiting.next() as Waiting<F>;
    this.#accept(waiting.msg, waiting.sender);
    waiting.settled(true);
  }

  #shed(count: number, code: ErrorCode): void {
    for (let i = 0; i < count; i++) {
      const { second: sender } = this.#queue;
      this.#queue.advance();
      sender.fail?.(code);
    }
    this.#workers.drop(count);
  }

  #tellIdle(): void {
    if (this.#idlers.length === 0 || !this.isIdle) return;
    for (const idler of this.#idlers.splice(0)) idler();
  }
}
