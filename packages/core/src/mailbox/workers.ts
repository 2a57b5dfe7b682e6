import { isThenable, type Batch } from './batch.js';
import type { Mail } from '../api/block-communicator.js';
import { ANY, type Outcomes, type Recipient } from './outcomes.js';
import { Line } from '../time/line.js';
import type { Sender } from './question.js';

/** The calls of a handler: begins them, and knows which have not ended. */
export class Workers {
  /** Calls that have begun and not ended. */
  calls = 0;
  private readonly recipient: Recipient;
  private readonly outcomes: Outcomes;
  private readonly mailbox: { onEnded(weight: number): void };
  private readonly batches = new Line<Batch>();
  private isAbandoned = false;

  /** The mailbox learns when a call that took time has ended, and what its messages weigh. */
  constructor(recipient: Recipient, outcomes: Outcomes, mailbox: { onEnded(weight: number): void }) {
    this.recipient = recipient;
    this.outcomes = outcomes;
    this.mailbox = mailbox;
  }

  handle(msg: object, sender: Sender, weight: number): void {
    this.calls++;
    const seen = this.outcomes.begun(msg);
    try {
      const result = this.recipient.handle?.(msg, sender.from, sender.question);
      if (!isThenable(result)) {
        this.outcomes.handled(msg, sender, result);
        this.calls--;
        // guard: M10 what was handled at once leaves room
        if (weight > 0) this.mailbox.onEnded(weight);
        return;
      }
      const work = result instanceof Promise ? result : Promise.resolve(result);
      // guard: M5 an answer that takes time reaches who asked
      // guard: M9 an observer sees which message it was that failed
      // guard: M10 what took time weighs no longer
      const isAny = sender.question === undefined && this.recipient.observer === undefined && weight === 0;
      if (isAny) void work.then(this.onHandled, this.onFailed);
      else this.follow(work, seen, msg, sender, weight);
    } catch (error) {
      this.failed(error, msg, sender, weight);
    }
  }

  /** By itself, since every call of a function with closures allocates what they share. */
  private follow(work: Promise<unknown>, seen: object, msg: object, sender: Sender, weight: number): void {
    // guard: M9 an observer sees which message it was that took time
    void work.then(
      (value) => this.handled(value, seen, sender, weight),
      (error) => this.failed(error, msg, sender, weight),
    );
  }

  /** One pair of callbacks serves all messages of which it does not matter which they were. */
  private readonly onHandled = (): void => this.handled(undefined, ANY, undefined, 0);

  private readonly onFailed = (error: unknown): void => this.failed(error, ANY, undefined, 0);

  private handled(value: unknown, msg: object, sender: Sender | undefined, weight: number): void {
    // guard: L4 what ends after that is not counted as handled
    if (this.isAbandoned) return;
    this.outcomes.handled(msg, sender, value);
    this.ended(weight);
  }

  private failed(error: unknown, msg: object, sender: Sender | undefined, weight: number): void {
    // guard: L4 what ends after that is not counted as failed
    if (this.isAbandoned) return;
    // guard: F3 a message that fails where nobody asked is a failure
    // guard: M5 what an asker was told lands nobody
    if (!this.outcomes.failed(msg, sender, error))
      this.outcomes.lost({ error, asked: sender?.question !== undefined, msgs: [msg] });
    this.ended(weight);
  }

  /** Has a batch handled by one call. What has no outcome when that ends is handled, or failed as the call did (M8). */
  handleAll(batch: Batch): void {
    this.calls++;
    // guard: M9 an observer sees each message of a batch begin
    for (const { msg } of batch.mails) this.outcomes.begun(msg);
    this.batches.join(batch);
    // guard: M8 a call that throws fails those without outcome
    const failed = (error: unknown): void => this.end(batch, (mail) => mail.fail(error));
    // guard: M8 a call that ends has handled those without outcome
    const handled = (): void => this.end(batch, (mail) => mail.reply());
    try {
      const result = this.recipient.handleAll?.([...batch.mails]);
      if (isThenable(result)) void Promise.resolve(result).then(handled, failed);
      else handled();
    } catch (error) {
      failed(error);
    }
  }

  private end(batch: Batch, settle: (mail: Mail<object>) => void): void {
    // guard: L4 a batch that ends after that is not counted
    if (this.isAbandoned) return;
    batch.end(settle);
    this.batches.leave(batch);
    this.ended(batch.weight);
  }

  private ended(weight: number): void {
    this.calls--;
    this.mailbox.onEnded(weight);
  }

  /** Waits no longer for the calls under way: their messages count as dropped. */
  abandon(): void {
    this.isAbandoned = true;
    // guard: L4 messages under way one by one are dropped
    this.outcomes.dropped(this.calls - this.batches.size);
    // guard: L4 messages under way in batches are dropped
    for (const batch of this.batches) batch.abandon();
    this.calls = 0;
  }
}
