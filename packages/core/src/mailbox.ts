import { Batch } from './batch.js';
import type { ErrorCode } from './errors.js';
import { Outcomes, type Counts, type Recipient } from './outcomes.js';
import type { Pacer } from './pacer.js';
import type { Question } from './question.js';
import { Ring } from './ring.js';
import type { Sender } from './sender.js';
import { Waiters } from './waiters.js';
import { Workers } from './workers.js';

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

const soon = Promise.resolve();

/** A bounded queue with one consumer: first in, first out, never run inline (M1 to M4). Queues without allocating. */
export class Mailbox {
  /** What takes the messages out of it. */
  readonly callback: 'onMsg' | 'onMsgs';
  private readonly outcomes: Outcomes;
  private readonly workers: Workers;
  readonly capacity: number;
  private readonly concurrency: number;
  private readonly dropsOldest: boolean;
  /** 0 where messages are handled one by one. */
  private readonly batch: number;
  private readonly pacer: Pacer;
  private readonly queue = new Ring<object, Sender>();
  /** Nobody waits for room unless the queue is full. */
  private readonly waiting: Waiters;
  private readonly idlers: (() => void)[] = [];
  private state: 'held' | 'open' | 'closed' = 'held';
  private scheduled = false;
  private dropping = false;

  constructor(recipient: Recipient, pacer: Pacer, options: MailboxOptions = {}) {
    this.outcomes = new Outcomes(recipient);
    this.waiting = new Waiters(({ asker }) => {
      // A post that was given up rejects: it was no message yet.
      // guard: M3 a question that gives up is counted, a post is not
      // guard: M3 a question that gives up before there is room is counted
      if (asker) this.counts.rejected++;
      this.tellIdle();
    });
    this.workers = new Workers(recipient, this.outcomes, () => this.onFree());
    this.callback = recipient.handleAll ? 'onMsgs' : 'onMsg';
    // guard: M3 65,536 wait unless configured
    this.capacity = options.capacity ?? 65_536;
    this.concurrency = options.concurrency ?? 1;
    this.dropsOldest = options.whenFull === 'drop-oldest';
    // guard: M8 a batch has 256 messages unless configured
    this.batch = recipient.handleAll ? (options.batch ?? 256) : 0;
    this.pacer = pacer;
  }

  get counts(): Counts {
    return this.outcomes.counts;
  }

  /** Messages accepted and not yet begun. */
  get depth(): number {
    return this.queue.size;
  }

  /** Messages under way. */
  get busy(): number {
    return this.workers.messages;
  }

  /** True while a handler is under way. */
  get isBusy(): boolean {
    return this.workers.calls > 0;
  }

  get isIdle(): boolean {
    return this.depth === 0 && this.workers.calls === 0 && this.waiting.size === 0;
  }

  /** Resolves at an instant at which it is idle. */
  idle(): Promise<void> {
    return this.isIdle ? soon : new Promise((resolve) => this.idlers.push(resolve));
  }

  /** Who wait for room. */
  get waiters(): Iterable<Sender> {
    return this.waiting;
  }

  /** Accepts a message now, or never. While somebody waits for room nobody overtakes (M4). */
  offer(msg: object, sender: Sender): boolean {
    const isFull = this.queue.size >= this.capacity;
    // guard: M2 a block that has finished takes no message
    // guard: M3 mailboxes are bounded
    if (this.state === 'closed' || (isFull && (!this.dropsOldest || this.dropping))) {
      // guard: M3 what is refused is counted
      this.counts.rejected++;
      return false;
    }
    this.accept(msg, sender);
    // guard: M3 drop-oldest drops
    if (isFull) this.dropOldest();
    return true;
  }

  /** Accepts a message once there is room, in turn; false if there never will be. Rejects when the signal aborts first. */
  async post(msg: object, sender: Sender, signal: AbortSignal | undefined): Promise<boolean> {
    // guard: M4 post with an aborted signal sends nothing
    signal?.throwIfAborted();
    // guard: M4 post waits for room
    return this.mustWait ? this.waiting.post(msg, sender, signal) : this.offer(msg, sender);
  }

  /** Accepts a question once there is room, in turn with those who post; now or never if it cannot wait. */
  ask(msg: object, question: Question, whenFull: 'wait' | 'reject'): void {
    // guard: M5 ask waits for room
    // guard: M5 unless it is not to wait
    // guard: M5 an ask that finds no room rejects at once
    if (whenFull === 'wait' && this.mustWait) this.waiting.ask(msg, question);
    else if (!this.offer(msg, question)) question.fail('ASK_REFUSED');
  }

  /** Begins to hand messages over (F2). */
  open(): void {
    this.state = 'open';
    // guard: F2 those that waited are handed over then
    this.schedule();
  }

  /** Takes and hands over nothing more; what waits is dropped. Handlers under way go on. */
  close(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    // guard: M5 what waits for its turn at the end is dropped
    this.shed(this.depth, 'ASK_ENDED');
    // guard: M3 who waits at the end is counted
    this.counts.rejected += this.waiting.size;
    // guard: M4 who waits is sent away at the end
    this.waiting.close();
    this.tellIdle();
  }

  /** Closes, and waits no longer for handlers under way: their messages count as dropped. */
  abandon(): void {
    this.close();
    this.workers.abandon();
    this.tellIdle();
  }

  private get mustWait(): boolean {
    // guard: M4 a mailbox that drops has room
    return this.state !== 'closed' && !this.dropsOldest && this.depth >= this.capacity;
  }

  private onFree(): void {
    if (this.depth === 0) this.tellIdle();
    else if (!this.scheduled) this.run();
  }

  private accept(msg: object, sender: Sender): void {
    this.queue.push(msg, sender);
    this.outcomes.accepted(msg, sender);
    this.schedule();
  }

  private get mayHandle(): boolean {
    // guard: F2 messages wait for run
    // guard: M1 calls under way are bounded
    return this.state === 'open' && this.depth > 0 && this.workers.calls < this.concurrency;
  }

  private schedule(): void {
    if (this.scheduled || !this.mayHandle) return;
    this.scheduled = true;
    // guard: M1 no message is handled inside a send
    void soon.then(this.run);
  }

  private readonly run = (): void => {
    this.scheduled = true;
    while (this.mayHandle) {
      // guard: M6 busy mailboxes yield
      if (!this.pacer.mayGoOn()) return this.pacer.defer(this.run);
      if (this.batch > 0) this.handleAll();
      else this.handle();
    }
    this.scheduled = false;
    this.tellIdle();
  };

  private handle(): void {
    const { first: msg, second: sender } = this.queue;
    this.advance();
    this.workers.handle(msg, sender);
  }

  /** As many as wait, and the batch has room for. */
  private handleAll(): void {
    const batch = new Batch(this.outcomes);
    // guard: M8 a batch has room for so many
    // guard: M8 a batch takes all that wait
    do {
      batch.add(this.queue.first, this.queue.second);
      this.advance();
    } while (batch.size < this.batch && this.depth > 0);
    this.workers.handleAll(batch);
  }

  /** Forgets the oldest message, and lets in who has waited longest for its place. */
  private advance(): void {
    this.queue.advance();
    // guard: M4 who waits is let in
    if (this.waiting.size > 0) this.waiting.next((msg, sender) => this.accept(msg, sender));
  }

  /** Whoever hears of it may send at once, and is refused. */
  private dropOldest(): void {
    // guard: M3 a listener of drops cannot overfill
    this.dropping = true;
    this.shed(1, 'ASK_DROPPED');
    this.dropping = false;
  }

  private shed(count: number, code: ErrorCode): void {
    const msgs: object[] = [];
    for (let i = 0; i < count; i++) {
      const { first: msg, second: sender } = this.queue;
      this.queue.advance();
      // guard: M5 a dropped ask rejects at once
      sender.fail(code);
      msgs.push(msg);
    }
    this.outcomes.dropped(count, msgs);
  }

  private tellIdle(): void {
    if (this.idlers.length === 0 || !this.isIdle) return;
    for (const idler of this.idlers.splice(0)) idler();
  }
}
