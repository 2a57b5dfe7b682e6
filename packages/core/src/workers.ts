import type { ErrorCode } from './errors.js';

/** An asker's end of a message. */
export interface Question {
  answer(value: unknown): void;
  /** False if the asker had already given up. */
  fail(code: ErrorCode, cause?: unknown): boolean;
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
 * of which the sender knows, *dropped* those accepted, then lost (M3).
 */
export type Counts = Record<'accepted' | 'rejected' | 'handled' | 'failed' | 'dropped', number>;

export function noCounts(): Counts {
  return { accepted: 0, rejected: 0, handled: 0, failed: 0, dropped: 0 };
}

/** Handles messages, at most `concurrency` at a time; counts the outcomes and answers those who asked (M1, M5). */
export class Workers<F> {
  readonly #recipient: Recipient<F>;
  readonly #concurrency: number;
  readonly #counts: Counts;
  readonly #onFree: () => void;
  readonly #asked = new Set<Question>();
  #busy = 0;
  #abandoned = false;

  /** `onFree` is told when a handler that took time has ended. */
  constructor(recipient: Recipient<F>, concurrency: number, counts: Counts, onFree: () => void) {
    this.#recipient = recipient;
    this.#concurrency = concurrency;
    this.#counts = counts;
    this.#onFree = onFree;
  }

  /** Handlers that have begun and not ended. */
  get busy(): number {
    return this.#busy;
  }

  get isFree(): boolean {
    return this.#busy < this.#concurrency;
  }

  handle(msg: object, from: F, question: Question | undefined): void {
    try {
      const result = this.#recipient.handle(msg, from);
      if (isThenable(result)) this.#await(result instanceof Promise ? result : Promise.resolve(result), question);
      else this.#succeeded(result, question);
    } catch (error) {
      this.#failed(error, question);
    }
  }

  /** Waits no longer for handlers under way: their messages count as dropped. */
  abandon(): void {
    this.#abandoned = true;
    this.drop(this.#busy);
    this.#busy = 0;
    for (const question of this.#asked) question.fail('ASK_ENDED');
  }

  /** Counts accepted messages as lost. */
  drop(count: number): void {
    if (count === 0) return;
    this.#counts.dropped += count;
    this.#recipient.dropped(count);
  }

  #await(result: Promise<unknown>, question: Question | undefined): void {
    this.#busy++;
    if (!question) return void result.then(this.#onResolved, this.#onRejected);
    this.#asked.add(question);
    void result.then(
      (value) => this.#onResolved(value, question),
      (error) => this.#onRejected(error, question),
    );
  }

  /** Made once, so that awaiting a message allocates no closures. */
  readonly #onResolved = (value: unknown, question?: Question): void => {
    if (this.#abandoned) return;
    this.#succeeded(value, question);
    this.#freed(question);
  };

  readonly #onRejected = (error: unknown, question?: Question): void => {
    if (this.#abandoned) return;
    this.#failed(error, question);
    this.#freed(question);
  };

  #freed(question: Question | undefined): void {
    this.#busy--;
    if (question) this.#asked.delete(question);
    this.#onFree();
  }

  #succeeded(value: unknown, question: Question | undefined): void {
    this.#counts.handled++;
    question?.answer(value);
  }

  #failed(error: unknown, question: Question | undefined): void {
    const known = question?.fail('ASK_FAILED', error) ?? false;
    if (known || this.#recipient.failed(error, question !== undefined)) this.#counts.failed++;
    else this.drop(1);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
