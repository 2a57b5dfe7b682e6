import { Batch } from './batch.js';
import type { ErrorCode } from '../api/errors.js';
import { Outcomes, type Counts, type Recipient } from './outcomes.js';
import type { Pacer } from '../time/pacer.js';
import type { Question } from './question.js';
import { Ring } from './ring.js';
import type { Sender } from './sender.js';
import { Waiters } from './waiters.js';
import { Weights } from './weights.js';
import { Workers } from './workers.js';

/** Bounds of a mailbox for messages `M`. */
// oxlint-disable-next-line typescript/no-explicit-any -- of any block, unless a type is given
export interface MailboxOptions<M = any> {
  /** Most messages that wait. Default: 65,536. */
  readonly capacity?: number | undefined;
  /**
   * Returns the weight of a message, in a unit of your choice, such as bytes: a whole number, 0 or more. It is called inside `send`, so be
   * quick, and change nothing. Goes together with `maxWeight`; without them, messages are only counted.
   */
  readonly weigh?: ((msg: M) => number) | undefined;
  /** Most weight of all messages, waiting or under way. A heavier message is accepted if no other is held (M10). */
  readonly maxWeight?: number | undefined;
  /** What a full mailbox does with a further message: reject it (the default), or drop its oldest one instead. */
  readonly whenFull?: 'reject' | 'drop-oldest' | undefined;
  /** Most calls of `onMsg` or `onMsgs` under way. Default: 1. */
  readonly concurrency?: number | undefined;
  /** Most messages for one call of `onMsgs`. Default: 256. */
  readonly batch?: number | undefined;
}

const soon = Promise.resolve();

/** A bounded queue with one consumer: first in, first out, never run inline (M1 to M4). Queues without allocating. */
export class Mailbox {
  /** The callback that handles its messages. */
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
  /** Absent where messages are only counted. */
  private readonly weights: Weights | undefined;
  /** Nobody waits while there is room for the first of them. */
  private readonly waiting: Waiters;
  private readonly idlers: (() => void)[] = [];
  private state: 'held' | 'open' | 'closed' = 'held';
  private scheduled = false;
  private dropping = false;

  constructor(recipient: Recipient, pacer: Pacer, options: MailboxOptions = {}) {
    const { weigh, maxWeight = Infinity } = options;
    this.weights = weigh && new Weights(weigh, maxWeight, (error) => recipient.unweighable(error));
    this.outcomes = new Outcomes(recipient);
    this.waiting = new Waiters({
      fits: (weight) => this.fits(weight),
      accept: (msg, sender, weight) => this.accept(msg, sender, weight),
      left: ({ asker }) => {
        // A post that was given up rejects: it was no message yet.
        // guard: M3 a question that gives up is counted, a post is not
        // guard: M3 a question that gives up before there is room is counted
        if (asker) this.counts.rejected++;
        // guard: M10 when a heavy one gives up there may be room for the next
        this.waiting.letIn();
        this.tellIdle();
      },
    });
    this.workers = new Workers(recipient, this.outcomes, this.weights, () => this.onFree());
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
    return this.take(msg, sender, this.weigh(msg));
  }

  /** Accepts a message once there is room, in turn; false if there never will be. Rejects when the signal aborts first. */
  async post(msg: object, sender: Sender, signal: AbortSignal | undefined): Promise<boolean> {
    // guard: M4 post with an aborted signal sends nothing
    signal?.throwIfAborted();
    const weight = this.weigh(msg);
    // guard: M4 post waits for room
    return this.mustWait(weight) ? this.waiting.post(msg, sender, weight, signal) : this.take(msg, sender, weight);
  }

  /** Accepts a question once there is room, in turn with those who post; now or never if it cannot wait. */
  ask(msg: object, question: Question, whenFull: 'wait' | 'reject'): void {
    const weight = this.weigh(msg);
    // guard: M5 ask waits for room
    // guard: M5 unless it is not to wait
    // guard: M5 an ask that finds no room rejects at once
    if (whenFull === 'wait' && this.mustWait(weight)) this.waiting.ask(msg, question, weight);
    else if (!this.take(msg, question, weight)) question.fail('ASK_REFUSED');
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
    this.shed('ASK_ENDED', () => this.depth > 0);
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

  private weigh(msg: object): number {
    return this.weights && this.state !== 'closed' ? this.weights.of(msg) : 0;
  }

  private mustWait(weight: number): boolean {
    // guard: M10 what cannot be weighed does not wait for room
    return this.state !== 'closed' && weight < Infinity && !this.hasRoom(weight);
  }

  private take(msg: object, sender: Sender, weight: number): boolean {
    // guard: M3 mailboxes are bounded
    if (!this.hasRoom(weight)) {
      // guard: M3 what is refused is counted
      this.counts.rejected++;
      return false;
    }
    this.accept(msg, sender, weight);
    return true;
  }

  /** For one that comes now. */
  private hasRoom(weight: number): boolean {
    // guard: M10 nobody overtakes one that is too heavy
    return this.waiting.size === 0 && this.fits(weight);
  }

  private fits(weight: number): boolean {
    // guard: M2 a block that has finished takes no message
    if (this.state === 'closed') return false;
    if (this.queue.size < this.capacity && (!this.weights || this.weights.fits(weight, 'all'))) return true;
    // guard: M4 a mailbox that drops has room
    // guard: M10 unless what is under way leaves none
    return this.dropsOldest && !this.dropping && (!this.weights || this.weights.fits(weight, 'under way'));
  }

  private onFree(): void {
    // guard: M10 what has ended leaves room
    this.waiting.letIn();
    if (this.depth === 0) this.tellIdle();
    else if (!this.scheduled) this.run();
  }

  private accept(msg: object, sender: Sender, weight: number): void {
    this.queue.push(msg, sender);
    this.weights?.push(weight);
    this.outcomes.accepted(msg, sender);
    this.schedule();
    // guard: M3 drop-oldest drops
    if (this.dropsOldest && this.isOver) this.dropOldest();
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
    this.workers.handle(msg, sender, this.advance());
  }

  /** As many as wait, and the batch has room for. */
  private handleAll(): void {
    const batch = new Batch(this.outcomes);
    // guard: M8 a batch has room for so many
    // guard: M8 a batch takes all that wait
    do {
      const { first: msg, second: sender } = this.queue;
      batch.add(msg, sender, this.advance());
    } while (batch.size < this.batch && this.depth > 0);
    this.workers.handleAll(batch);
  }

  /** The oldest message waits no longer, and who has waited longest for its place is let in. Gives its weight. */
  private advance(): number {
    this.queue.advance();
    const weight = this.weights ? this.weights.begin() : 0;
    // guard: M4 who waits is let in
    if (this.waiting.size > 0) this.waiting.letIn();
    return weight;
  }

  private get isOver(): boolean {
    return this.depth > this.capacity || (this.weights?.isOver ?? false);
  }

  /** Whoever hears of it may send at once, and is refused. */
  private dropOldest(): void {
    // guard: M3 a listener of drops cannot overfill
    this.dropping = true;
    // guard: M10 the newest is not dropped for its weight
    this.shed('ASK_DROPPED', () => this.depth > 1 && this.isOver);
    this.dropping = false;
  }

  private shed(code: ErrorCode, more: () => boolean): void {
    const msgs: object[] = [];
    while (more()) {
      const { first: msg, second: sender } = this.queue;
      this.queue.advance();
      // guard: M10 what is dropped weighs no longer
      if (this.weights) this.weights.release(this.weights.begin());
      // guard: M5 a dropped ask rejects at once
      sender.fail(code);
      msgs.push(msg);
    }
    this.outcomes.dropped(msgs.length, msgs);
  }

  private tellIdle(): void {
    if (this.idlers.length === 0 || !this.isIdle) return;
    for (const idler of this.idlers.splice(0)) idler();
  }
}
