import { Batch } from './batch.js';
import type { ErrorCode } from '../api/errors.js';
import type { MailboxOptions } from '../api/mailbox-options.js';
import { Outcomes, type Counts, type Recipient } from './outcomes.js';
import type { Pacer } from '../time/pacer.js';
import type { Question, Sender } from './question.js';
import { Ring } from './ring.js';
import { Waiters, type Room } from './waiters.js';
import { Weights } from './weights.js';
import { Workers } from './workers.js';

const soon = Promise.resolve();

/** A bounded queue with one consumer: first in, first out, never run inline (M1 to M4). Queues without allocating. */
export class Mailbox implements Room {
  /** What takes the messages out of it. */
  readonly callback: 'onMsg' | 'onMsgs';
  readonly capacity: number;
  readonly counts: Counts;
  private readonly concurrency: number;
  private readonly batch: number;
  private readonly dropsOldest: boolean;
  private readonly pacer: Pacer;
  private readonly queue = new Ring<object, Sender>();
  /** Absent where messages are only counted. */
  private readonly weights: Weights | undefined;
  private readonly outcomes: Outcomes;
  private readonly workers: Workers;
  /** Nobody waits while there is room for the first of them. */
  private readonly waiting: Waiters;
  private readonly idlers: (() => void)[] = [];
  private state: 'held' | 'open' | 'closed' = 'held';
  private isScheduled = false;
  private isDropping = false;

  constructor(recipient: Recipient, pacer: Pacer, options: MailboxOptions = {}) {
    // guard: M3 65,536 wait unless configured
    // guard: M8 a batch has 256 messages unless configured
    const { capacity = 65_536, concurrency = 1, batch = 256, weigh, maxWeight = Infinity, whenFull } = options;
    this.callback = recipient.handleAll ? 'onMsgs' : 'onMsg';
    this.capacity = capacity;
    this.concurrency = concurrency;
    this.batch = batch;
    this.pacer = pacer;
    this.dropsOldest = whenFull === 'drop-oldest';
    this.weights = weigh && new Weights(weigh, maxWeight, (error) => recipient.unweighable(error));
    this.outcomes = new Outcomes(recipient);
    this.counts = this.outcomes.counts;
    this.waiting = new Waiters(this);
    this.workers = new Workers(recipient, this.outcomes, this);
  }

  /** Messages accepted and not yet begun. */
  get depth(): number {
    return this.queue.size;
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
  get waiters(): readonly Sender[] {
    return this.waiting.senders;
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

  private weigh(msg: object): number {
    return this.weights && this.state !== 'closed' ? this.weights.of(msg) : 0;
  }

  private mustWait(weight: number): boolean {
    // guard: M10 what cannot be weighed does not wait for room
    return this.state !== 'closed' && weight < Infinity && !this.hasRoom(weight);
  }

  private take(msg: object, sender: Sender, weight: number): boolean {
    const hasRoom = this.hasRoom(weight);
    // guard: M3 mailboxes are bounded
    // guard: M3 what is rejected is counted
    if (hasRoom) this.accept(msg, sender, weight);
    else this.counts.rejected++;
    return hasRoom;
  }

  /** For one that comes now. */
  private hasRoom(weight: number): boolean {
    // guard: M10 nobody overtakes one that is too heavy
    return this.waiting.size === 0 && this.fits(weight);
  }

  /** True if there is room for one more of that weight. */
  fits(weight: number): boolean {
    // guard: M2 a block that has finished takes no message
    if (this.state === 'closed') return false;
    if (this.depth < this.capacity && (!this.weights || this.weights.fits(weight, 'all'))) return true;
    // guard: M4 a mailbox that drops has room
    // guard: M10 unless what is under way leaves none
    return this.dropsOldest && !this.isDropping && (!this.weights || this.weights.fits(weight, 'under way'));
  }

  accept(msg: object, sender: Sender, weight: number): void {
    this.queue.push(msg, sender);
    this.weights?.push(weight);
    this.outcomes.accepted(msg, sender);
    this.schedule();
    // guard: M3 drop-oldest drops
    if (this.dropsOldest) this.dropOldest();
  }

  /** Begins to hand messages over (F2). */
  open(): void {
    this.state = 'open';
    // guard: F2 those that waited are handed over then
    this.schedule();
  }

  private schedule(): void {
    if (this.isScheduled || !this.mayHandle) return;
    this.isScheduled = true;
    // guard: M1 no message is handled inside a send
    void soon.then(this.run);
  }

  private get mayHandle(): boolean {
    // guard: F2 messages wait for run
    // guard: M1 calls under way are bounded
    return this.state === 'open' && this.depth > 0 && this.workers.calls < this.concurrency;
  }

  private readonly run = (): void => {
    this.isScheduled = true;
    while (this.mayHandle) {
      // guard: M6 busy mailboxes yield
      if (!this.pacer.mayGoOn()) return this.pacer.defer(this.run);
      if (this.callback === 'onMsg') this.handleNext();
      else this.workers.handleAll(this.nextBatch());
    }
    this.isScheduled = false;
    this.tellIdle();
  };

  private handleNext(): void {
    const { first: msg, second: sender } = this.queue;
    this.workers.handle(msg, sender, this.advance());
  }

  /** As many as wait, and the batch has room for. */
  private nextBatch(): Batch {
    const batch = new Batch(this.outcomes);
    // guard: M8 a batch has room for so many
    // guard: M8 a batch takes all that wait
    do batch.add(this.queue.first, this.queue.second, this.advance());
    while (batch.mails.length < this.batch && this.depth > 0);
    return batch;
  }

  /** The oldest message waits no longer, and who has waited longest for its place is let in. Gives its weight. */
  private advance(): number {
    this.queue.advance();
    const weight = this.weights ? this.weights.begin() : 0;
    // guard: M4 who waits is let in
    if (this.waiting.size > 0) this.waiting.letIn();
    return weight;
  }

  /** A call has ended, and with it the weight of its messages. */
  onEnded(weight: number): void {
    // guard: M10 what has ended weighs no longer
    this.weights?.release(weight);
    // guard: M10 what has ended leaves room
    if (this.weights) this.waiting.letIn();
    if (this.depth === 0) this.tellIdle();
    else if (!this.isScheduled) this.run();
  }

  /** Somebody who waited has given up. */
  onLeft({ question }: Sender): void {
    // A post that was given up rejects: it was no message yet.
    // guard: M3 a question that gives up is counted, a post is not
    // guard: M3 a question that gives up before there is room is counted
    if (question) this.counts.rejected++;
    // guard: M10 when a heavy one gives up there may be room for the next
    this.waiting.letIn();
    this.tellIdle();
  }

  /** Makes room for the newest. Whoever hears of it may send at once, and is refused. */
  private dropOldest(): void {
    // guard: M3 a listener of drops cannot overfill
    this.isDropping = true;
    // guard: M10 the newest is not dropped for its weight
    this.shed('ASK_DROPPED', () => this.depth > 1 && (this.depth > this.capacity || this.weights?.isOver === true));
    this.isDropping = false;
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

  private shed(code: ErrorCode, more: () => boolean): void {
    const msgs: object[] = [];
    while (more()) {
      const { first: msg, second: sender } = this.queue;
      this.queue.advance();
      // guard: M10 what is dropped weighs no longer
      this.weights?.release(this.weights.begin());
      // guard: M5 a dropped ask rejects at once
      sender.question?.fail(code);
      msgs.push(msg);
    }
    this.outcomes.dropped(msgs.length, msgs);
  }

  private tellIdle(): void {
    if (this.idlers.length === 0 || !this.isIdle) return;
    for (const idler of this.idlers.splice(0)) idler();
  }
}
