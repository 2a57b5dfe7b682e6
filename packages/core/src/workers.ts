import type { ErrorCode } from './errors.js';

/** Who sent a message, and how to answer if it is a question. */
export interface Sender<F> {
  readonly from: () => F;
  readonly answer?: (value: unknown) => void;
  /** False if the asker had already given up. */
  readonly fail?: (code: ErrorCode, cause?: unknown) => boolean;
}

/** The owner of a mailbox. `F` is what it gets to know of a sender. */
export interface Recipient<F> {
  /** Handles a message; a promise keeps one of `concurrency` places taken. */
  handle(msg: object, from: F): unknown;
  /**
   * A message failed and no asker knows: nobody had asked, or the asker gave up (`asked`).
   * True if that is a failure; false if the handler gave up at landing, so that the message is lost.
   */
  failed(error: unknown, asked: boolean): boolean;
  /** Messages that were accepted are lost. */
  dropped(count: number): void;
}

/**
 * What became of the messages of a mailbox: accepted = handled + failed + dropped + depth + under way. *Rejected* are those
 * of which the sender knows, *failed* those whose handler failed, *dropped* those that it never handled to the end (M3).
 */
export type Counts = Record<'accepted' | 'rejected' | 'handled' | 'failed' | 'dropped', number>;

export const noCounts = (): Counts => ({ accepted: 0, rejected: 0, handled: 0, failed: 0, dropped: 0 });

/** Handles messages, counts the outcomes and answers those who asked (M5). */
export abstract class Workers<F> {
  readonly counts: Counts = noCounts();
  /** Handlers that have begun and not ended. */
  busy = 0;
  readonly #recipient: Recipient<F>;
  /** Whoever waits for an answer of a handler under way. */
  readonly #askers = new Set<Sender<F>>();
  #abandoned = false;

  constructor(recipient: Recipient<F>) {
    this.#recipient = recipient;
  }

  /** A handler that took time has ended. */
  protected abstract onFree(): void;

  protected handle(msg: object, sender: Sender<F>): void {
    try {
      const result = this.#recipient.handle(msg, sender.from());
      if (!isThenable(result)) return this.#succeeded(result, sender);
      this.busy++;
      const work = result instanceof Promise ? result : Promise.resolve(result);
      if (!sender.answer) return void work.then(this.#onResolved, this.#onRejected);
      this.#askers.add(sender);
      void work.then(
        (value) => this.#onResolved(value, sender),
        (error) => this.#onRejected(error, sender),
      );
    } catch (error) {
      this.#failed(error, sender);
    }
  }

  /** Waits no longer for handlers under way: their messages count as dropped. */
  abandon(): void {
    this.#abandoned = true;
    this.drop(this.busy);
    this.busy = 0;
    for (const asker of this.#askers) asker.fail?.('ASK_ENDED');
  }

  /** Counts accepted messages as lost. */
  protected drop(count: number): void {
    if (count === 0) return;
    this.counts.dropped += count;
    this.#recipient.dropped(count);
  }

  /** Made once, so that awaiting a message allocates no closures. */
  readonly #onResolved = (value: unknown, asker?: Sender<F>): void => this.#ended(true, value, asker);
  readonly #onRejected = (error: unknown, asker?: Sender<F>): void => this.#ended(false, error, asker);

  #ended(well: boolean, outcome: unknown, asker: Sender<F> | undefined): void {
    if (this.#abandoned) return;
    if (well) this.#succeeded(outcome, asker);
    else this.#failed(outcome, asker);
    this.busy--;
    if (asker) this.#askers.delete(asker);
    this.onFree();
  }

  #succeeded(value: unknown, sender?: Sender<F>): void {
    this.counts.handled++;
    sender?.answer?.(value);
  }

  #failed(error: unknown, sender?: Sender<F>): void {
    const known = sender?.fail?.('ASK_FAILED', error) ?? false;
    if (known || this.#recipient.failed(error, Boolean(sender?.fail))) this.counts.failed++;
    else this.drop(1);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
