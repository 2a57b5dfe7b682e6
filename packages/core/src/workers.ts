import { isAbortError } from './abort.js';
import type { Entry, Lost, Mail, Sender } from './mail.js';

/** The owner of a mailbox. `F` is what it gets to know of a sender. */
export interface Recipient<F> {
  /** Handles a message, or a batch of them; a promise keeps one of `concurrency` places taken. */
  readonly handle: ((msg: object, from: F) => unknown) | undefined;
  readonly handleAll: ((mails: readonly Mail<object, unknown, F>[]) => unknown) | undefined;
  /** True if that is a failure; false if the handler gave up at landing, so that the messages are lost. */
  failed(lost: Lost): boolean;
  /** Messages that were accepted are lost. */
  dropped(count: number): void;
}

/**
 * What became of the messages of a mailbox: accepted = handled + failed + dropped + depth + under way. *Rejected* are those
 * of which the sender knows, *failed* those whose handler failed, *dropped* those that it never handled to the end (M3).
 */
export type Counts = Record<'accepted' | 'rejected' | 'handled' | 'failed' | 'dropped', number>;

export const noCounts = (): Counts => ({ accepted: 0, rejected: 0, handled: 0, failed: 0, dropped: 0 });

const NO_VALUE = 'reply() takes a value, not a promise: await it first';

/** Has messages handled, counts the outcomes and answers those who asked (M5). */
export class Workers<F> {
  readonly counts: Counts = noCounts();
  /** Calls of the handler that have begun and not ended. */
  calls = 0;
  /** Messages of those calls that have no outcome yet. */
  messages = 0;
  readonly #recipient: Recipient<F>;
  readonly #onFree: () => void;
  /** Whoever waits for an answer of a handler under way. */
  readonly #askers = new Set<Sender<F>>();
  /** What failed in batches under way, told when they end. */
  readonly #untold = new Set<readonly Lost[]>();
  #abandoned = false;

  /** `onFree` is called when a call that took time has ended. */
  constructor(recipient: Recipient<F>, onFree: () => void) {
    this.#recipient = recipient;
    this.#onFree = onFree;
  }

  handle(msg: object, sender: Sender<F>): void {
    try {
      const result = this.#recipient.handle?.(msg, sender.from());
      if (!isThenable(result)) return this.#succeeded(result, sender);
      this.calls++;
      this.messages++;
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

  /** Has a batch handled by one call. What has no outcome when that ends is handled, or failed as the call did (M8). */
  handleAll(entries: readonly Entry<F>[]): void {
    this.calls++;
    this.messages += entries.length;
    const untold: Lost[] = [];
    this.#untold.add(untold);
    const mails = entries.map(([msg, sender]) => this.#mail(msg, sender, untold));
    const end = (settle: (mail: Mail) => void): void => {
      if (this.#abandoned) return;
      mails.forEach(settle);
      this.#tellAll(untold);
      this.#untold.delete(untold);
      this.calls--;
      this.#onFree();
    };
    const failed = (error: unknown): void => end((mail) => mail.fail(error));
    try {
      const result = this.#recipient.handleAll?.([...mails]);
      if (isThenable(result)) void Promise.resolve(result).then(() => end((mail) => mail.reply()), failed);
      else end((mail) => mail.reply());
    } catch (error) {
      failed(error);
    }
  }

  /** A message of a batch. That it failed, and no asker knows, is told when the call ends. */
  #mail(msg: object, sender: Sender<F>, untold: Lost[]): Mail<object, unknown, F> {
    let isOpen = true;
    if (sender.answer) this.#askers.add(sender);
    const settle = (how: () => void): void => {
      if (!isOpen || this.#abandoned) return;
      isOpen = false;
      this.messages--;
      this.#askers.delete(sender);
      how();
    };
    const failed = (error: unknown): void => {
      if (sender.fail?.('ASK_FAILED', error)) return void this.counts.failed++;
      this.messages++;
      untold.push({ error, asked: typeof sender.fail === 'function', count: 1 });
    };
    return {
      msg,
      get from() {
        return sender.from();
      },
      reply: (value) =>
        settle(() => (isThenable(value) ? failed(new TypeError(NO_VALUE)) : this.#succeeded(value, sender))),
      fail: (error) => settle(() => failed(error)),
    };
  }

  /** Once with the first error of each kind: nobody had asked, or the asker gave up; it failed, or the handler gave up. */
  #tellAll(untold: readonly Lost[]): void {
    this.messages -= untold.length;
    const kinds = new Map<string, Lost>();
    for (const lost of untold) {
      const kind = `${lost.asked} ${isAbortError(lost.error)}`;
      const first = kinds.get(kind);
      kinds.set(kind, first ? { ...first, count: first.count + 1 } : lost);
    }
    for (const lost of kinds.values()) this.#tell(lost);
  }

  /** Waits no longer for handlers under way: their messages count as dropped. */
  abandon(): void {
    this.#abandoned = true;
    for (const untold of this.#untold) this.#tellAll(untold);
    this.drop(this.messages);
    this.calls = this.messages = 0;
    for (const asker of this.#askers) asker.fail?.('ASK_ENDED');
  }

  /** Counts accepted messages as lost. */
  drop(count: number): void {
    if (count === 0) return;
    this.counts.dropped += count;
    this.#recipient.dropped(count);
  }

  /** Made once, so that awaiting a message allocates no closures. */
  readonly #onResolved = (value: unknown, asker?: Sender<F>): void => {
    if (this.#abandoned) return;
    this.#succeeded(value, asker);
    this.#ended(asker);
  };
  readonly #onRejected = (error: unknown, asker?: Sender<F>): void => {
    if (this.#abandoned) return;
    this.#failed(error, asker);
    this.#ended(asker);
  };

  #ended(asker: Sender<F> | undefined): void {
    this.calls--;
    this.messages--;
    if (asker) this.#askers.delete(asker);
    this.#onFree();
  }

  #succeeded(value: unknown, sender?: Sender<F>): void {
    this.counts.handled++;
    sender?.answer?.(value);
  }

  #failed(error: unknown, sender?: Sender<F>): void {
    if (sender?.fail?.('ASK_FAILED', error)) this.counts.failed++;
    else this.#tell({ error, asked: typeof sender?.fail === 'function', count: 1 });
  }

  #tell(lost: Lost): void {
    if (this.#recipient.failed(lost)) this.counts.failed += lost.count;
    else this.drop(lost.count);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
