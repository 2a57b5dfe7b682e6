import { isThenable, type Batch, type Delivery } from './batch.js';
import type { BlockCommunicator } from '../api/block-communicator.js';
import { ANY, type Outcomes, type Recipient } from './outcomes.js';
import { Sender } from './sender.js';
import { Line } from '../time/line.js';
import type { Weights } from './weights.js';

const UNKNOWN_SENDER = new Sender({} as BlockCommunicator);

/** The calls of a handler: begins them, and knows which have not ended. */
export class Workers {
  /** Calls that have begun and not ended. */
  calls = 0;
  private readonly recipient: Recipient;
  private readonly outcomes: Outcomes;
  /** Gets back what messages weigh when their call has ended. */
  private readonly weights: Weights | undefined;
  private readonly onFree: () => void;
  /** Messages under way one by one. */
  private single = 0;
  private readonly batches = new Line<Batch>();
  private isAbandoned = false;

  /** `onFree` is called when a call that took time has ended. */
  constructor(recipient: Recipient, outcomes: Outcomes, weights: Weights | undefined, onFree: () => void) {
    this.recipient = recipient;
    this.outcomes = outcomes;
    this.weights = weights;
    this.onFree = onFree;
  }

  /** Messages of the calls that have no outcome yet. */
  get messages(): number {
    return [...this.batches].reduce((sum, { size }) => sum + size, this.single);
  }

  handle(msg: object, sender: Sender, weight: number): void {
    const isWatched = this.outcomes.begun(msg);
    try {
      const result = this.recipient.handle?.(msg, sender.from, sender.asker);
      if (!isThenable(result)) {
        this.outcomes.handled(msg, sender, result);
        // guard: M10 what was handled at once leaves room
        if (this.weights) this.free(weight);
        return;
      }
      this.calls++;
      this.single++;
      const work = result instanceof Promise ? result : Promise.resolve(result);
      // guard: M5 an answer that takes time reaches who asked
      // guard: M9 an observer sees which message it was that took time
      const isTold = sender.asker !== undefined || isWatched;
      // guard: M9 an observer sees which message it was that failed
      const isToldOfFailure = sender.asker !== undefined || this.recipient.observer !== undefined;
      // guard: M10 what took time weighs no longer
      if (!isToldOfFailure && weight === 0) return void work.then(this.onResolved, this.onRejected);
      // a message may take memory: it is not kept if nobody wants to know which it was
      const [failing, by] = isToldOfFailure ? [msg, sender] : [ANY, UNKNOWN_SENDER];
      const handled = isTold ? msg : ANY;
      void work.then(
        (value) => this.onResolved(value, handled, by, weight),
        (error) => this.onRejected(error, failing, by, weight),
      );
    } catch (error) {
      this.failed(msg, sender, error);
      // guard: M10 what failed at once leaves room
      if (this.weights) this.free(weight);
    }
  }

  /** Has a batch handled by one call. What has no outcome when that ends is handled, or failed as the call did (M8). */
  handleAll(batch: Batch): void {
    // guard: M9 an observer sees each message of a batch begin
    for (const { msg } of batch.mails) this.outcomes.begun(msg);
    this.calls++;
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

  /** Waits no longer for the calls under way: their messages count as dropped. */
  abandon(): void {
    this.isAbandoned = true;
    // guard: L4 messages under way one by one are dropped
    this.outcomes.dropped(this.single);
    // guard: L4 messages under way in batches are dropped
    for (const batch of this.batches) batch.abandon();
    this.calls = this.single = 0;
  }

  /** Where nobody asked or watches, and no message has a weight, it does not matter which it was: one pair of callbacks serves all. */
  private readonly onResolved = (value: unknown, msg = ANY, sender = UNKNOWN_SENDER, weight = 0): void => {
    // guard: L4 what ends after that is not counted as handled
    if (this.isAbandoned) return;
    this.outcomes.handled(msg, sender, value);
    this.ended(weight);
  };

  private readonly onRejected = (error: unknown, msg = ANY, sender = UNKNOWN_SENDER, weight = 0): void => {
    // guard: L4 what ends after that is not counted as failed
    if (this.isAbandoned) return;
    this.failed(msg, sender, error);
    this.ended(weight);
  };

  private ended(weight: number): void {
    this.calls--;
    this.single--;
    this.free(weight);
  }

  private end(batch: Batch, settle: (mail: Delivery) => void): void {
    // guard: L4 a batch that ends after that is not counted
    if (this.isAbandoned) return;
    batch.end(settle);
    this.batches.leave(batch);
    this.calls--;
    this.free(batch.weight);
  }

  private free(weight: number): void {
    // guard: M10 what has ended weighs no longer
    this.weights?.release(weight);
    this.onFree();
  }

  private failed(msg: object, sender: Sender, error: unknown): void {
    // guard: F3 a message that fails where nobody asked is a failure
    // guard: M5 what an asker was told lands nobody
    if (!this.outcomes.failed(msg, sender, error))
      this.outcomes.lost({ error, asked: sender.asker !== undefined, msgs: [msg] });
  }
}
