import type { Asker, BlockCommunicator, Mail } from '../api/block-communicator.js';
import type { BlockDescriptor } from '../api/descriptor.js';
import type { MessageObserver, Outcome } from '../api/observer.js';
import type { Sender } from './question.js';

/** Messages that failed with the same error, where no asker knows. */
export interface Lost {
  readonly error: unknown;
  /** True if somebody had asked, and gave up. */
  readonly asked: boolean;
  readonly msgs: readonly object[];
}

/** The owner of a mailbox. */
export interface Recipient {
  readonly descriptor: BlockDescriptor;
  /** Handles a message, or a batch of them; a promise keeps one of `concurrency` places taken. */
  readonly handle?: ((msg: object, from: BlockCommunicator, asker: Asker | undefined) => unknown) | undefined;
  readonly handleAll?: ((mails: readonly Mail<object>[]) => unknown) | undefined;
  readonly observer?: MessageObserver | undefined;
  /** True if that is a failure; false if the handler gave up at landing, so that the messages are dropped. */
  failed(lost: Lost): boolean;
  /** A message could not be weighed; it is refused. */
  unweighable(error: unknown): void;
  /** Messages that were accepted are dropped. */
  dropped(count: number): void;
}

/**
 * What became of the messages of a mailbox: accepted = handled + failed + dropped + depth + under way. The sender knows of
 * *rejected* ones. The handler of *failed* ones failed. No handler has finished *dropped* ones (M3).
 */
export type Counts = Record<'accepted' | 'rejected' | Outcome, number>;

export const noCounts = (): Counts => ({ accepted: 0, rejected: 0, handled: 0, failed: 0, dropped: 0 });

/** Stands for a message where nobody needs to know which one it was. */
export const ANY: object = {};

/** Counts what becomes of messages; whoever asked, the observer and the block learn it here (M3, M5). */
export class Outcomes {
  readonly counts: Counts = noCounts();
  private readonly recipient: Recipient;
  private readonly observer: MessageObserver | undefined;

  constructor(recipient: Recipient) {
    this.recipient = recipient;
    this.observer = recipient.observer;
  }

  accepted(msg: object, sender: Sender): void {
    this.counts.accepted++;
    // guard: M9 an observer sees what is accepted
    this.observer?.accepted?.(msg, sender.from.descriptor, this.recipient.descriptor);
  }

  /** The message, or any where nobody needs to know which one it was when it is handled. */
  begun(msg: object): object {
    // guard: M9 an observer sees what begins
    return this.observer && this.observer.begun?.(msg, this.recipient.descriptor) !== false ? msg : ANY;
  }

  handled(msg: object, sender: Sender | undefined, value: unknown): void {
    this.counts.handled++;
    // guard: M9 an observer sees what is handled
    if (msg !== ANY) this.observer?.settled?.(msg, this.recipient.descriptor, 'handled');
    // guard: M5 the answer reaches who asked
    sender?.question?.answer(value);
  }

  /** False if no asker learns it: then it is lost, which somebody has to hand in. */
  failed(msg: object, sender: Sender | undefined, error: unknown): boolean {
    // guard: M5 an onMsg that fails rejects its ask
    if (!sender?.question?.fail('ASK_FAILED', error)) return false;
    this.settle('failed', 1, [msg]);
    return true;
  }

  lost(lost: Lost): void {
    // guard: F3 messages whose handler gave up are dropped
    if (this.recipient.failed(lost)) this.settle('failed', lost.msgs.length, lost.msgs);
    else this.dropped(lost.msgs.length, lost.msgs);
  }

  /** Accepted messages are lost; those of a handler that never ends are known by their number only. */
  dropped(count: number, msgs: readonly object[] = []): void {
    // guard: M3 nothing is told where nothing is dropped
    if (count === 0) return;
    this.settle('dropped', count, msgs);
    // guard: M3 what is dropped is told
    this.recipient.dropped(count);
  }

  private settle(how: Outcome, count: number, msgs: readonly object[]): void {
    // guard: M3 what is dropped is counted
    this.counts[how] += count;
    // guard: M9 an observer sees what fails or is dropped
    for (const msg of msgs) this.observer?.settled?.(msg, this.recipient.descriptor, how);
  }
}
