import { isThenable, type Batch, type Delivery } from './batch.js';
import type { BlockCommunicator } from './block-communicator.js';
import { ANY, type Outcomes, type Recipient } from './outcomes.js';
import { Sender } from './sender.js';

const UNKNOWN_SENDER = new Sender({} as BlockCommunicator);

/** The calls of a handler: begins them, and knows which have not ended. */
export class Workers {
  /** Calls that have begun and not ended. */
  calls = 0;
  private readonly recipient: Recipient;
  private readonly outcomes: Outcomes;
  private readonly onFree: () => void;
  /** Messages under way one by one. */
  private single = 0;
  private readonly batches = new Set<Batch>();
  private isAbandoned = false;

  /** `onFree` is called when a call that took time has ended. */
  constructor(recipient: Recipient, outcomes: Outcomes, onFree: () => void) {
    this.recipient = recipient;
    this.outcomes = outcomes;
    this.onFree = onFree;
  }

  /** Messages of the calls that have no outcome yet. */
  get messages(): number {
    return [...this.batches].reduce((sum, { size }) => sum + size, this.single);
  }

  handle(msg: object, sender: Sender): void {
    const isWatched = this.outcomes.begun(msg);
    try {
      const result = this.recipient.handle?.(msg, sender.from, sender.asker);
      if (!isThenable(result)) return this.outcomes.handled(msg, sender, result);
      this.calls++;
      this.single++;
      const work = result instanceof Promise ? result : Promise.resolve(result);
      // guard: M5 an answer that takes time reaches who asked
      // guard: M9 an observer sees which message it was that took time
      const resolved =
        sender.asker || isWatched ? (value: unknown) => this.onResolved(value, msg, sender) : this.onResolved;
      // guard: M9 an observer sees which message it was that failed
      const isTold = sender.asker || this.recipient.observer;
      const rejected = isTold ? (error: unknown) => this.onRejected(error, msg, sender) : this.onRejected;
      void work.then(resolved, rejected);
    } catch (error) {
      this.failed(msg, sender, error);
    }
  }

  /** Has a batch handled by one call. What has no outcome when that ends is handled, or failed as the call did (M8). */
  handleAll(batch: Batch): void {
    // guard: M9 an observer sees each message of a batch begin
    for (const { msg } of batch.mails) this.outcomes.begun(msg);
    this.calls++;
    this.batches.add(batch);
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

  /** Waits no longer for the calls under way: their messages count as dropped. */
  abandon(): void {
    this.isAbandoned = true;
    // guard: L4 messages under way one by one are dropped
    this.outcomes.dropped(this.single);
    // guard: L4 messages under way in batches are dropped
    for (const batch of this.batches) batch.abandon();
    this.calls = this.single = 0;
  }

  /** Where nobody asked or watches it does not matter whose message it was: one callback serves all. */
  private readonly onResolved = (value: unknown, msg: object = ANY, sender: Sender = UNKNOWN_SENDER): void => {
    // guard: L4 what ends after that is not counted as handled
    if (this.isAbandoned) return;
    this.outcomes.handled(msg, sender, value);
    this.ended();
  };

  private readonly onRejected = (error: unknown, msg: object = ANY, sender: Sender = UNKNOWN_SENDER): void => {
    // guard: L4 what ends after that is not counted as failed
    if (this.isAbandoned) return;
    this.failed(msg, sender, error);
    this.ended();
  };

  private ended(): void {
    this.calls--;
    this.single--;
    this.onFree();
  }

  private end(batch: Batch, settle: (mail: Delivery) => void): void {
    // guard: L4 a batch that ends after that is not counted
    if (this.isAbandoned) return;
    batch.end(settle);
    this.batches.delete(batch);
    this.calls--;
    this.onFree();
  }

  private failed(msg: object, sender: Sender, error: unknown): void {
    // guard: F3 a message that fails where nobody asked is a failure
    // guard: M5 what an asker was told lands nobody
    if (!this.outcomes.failed(msg, sender, error))
      this.outcomes.lost({ error, asked: sender.asker !== undefined, msgs: [msg] });
  }
}
