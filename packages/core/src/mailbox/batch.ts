import { isAbortError } from '../time/abort.js';
import type { Asker, BlockCommunicator, Mail } from '../api/block-communicator.js';
import type { Line, Place } from '../time/line.js';
import type { Lost, Outcomes } from './outcomes.js';
import type { Sender } from './sender.js';

const NO_VALUE = 'reply() takes a value, not a promise: await it first';

/** A message of a batch. */
export class Delivery implements Mail<object> {
  readonly msg: object;
  readonly sender: Sender;
  isOpen = true;
  readonly #batch: Batch;

  constructor(msg: object, sender: Sender, batch: Batch) {
    this.msg = msg;
    this.sender = sender;
    this.#batch = batch;
  }

  get from(): BlockCommunicator {
    return this.sender.from;
  }

  get asker(): Asker | undefined {
    return this.sender.asker;
  }

  reply(value?: unknown): void {
    this.#batch.reply(this, value);
  }

  fail(error: unknown): void {
    this.#batch.fail(this, error);
  }
}

/** The messages of one call of `onMsgs`, each with an outcome of its own (M8). */
export class Batch implements Place {
  before: Place | undefined = undefined;
  after: Place | undefined = undefined;
  line: Line<Place> | undefined = undefined;
  readonly mails: Delivery[] = [];
  /** Messages under way: without outcome, or with a failure that is handed in when the call ends. */
  size = 0;
  /** Of all its messages: the call holds them until it has ended. */
  weight = 0;
  readonly #outcomes: Outcomes;
  /** By kind: nobody had asked, or the asker gave up; it failed, or the handler gave up. */
  #lost: Map<string, Lost & { readonly msgs: object[] }> | undefined;

  constructor(outcomes: Outcomes) {
    this.#outcomes = outcomes;
  }

  add(msg: object, sender: Sender, weight: number): void {
    this.weight += weight;
    this.size = this.mails.push(new Delivery(msg, sender, this));
  }

  reply(mail: Delivery, value?: unknown): void {
    // guard: M8 a promise is no reply
    if (isThenable(value)) return this.fail(mail, new TypeError(NO_VALUE));
    // guard: M8 no reply counts after another outcome
    if (!mail.isOpen) return;
    mail.isOpen = false;
    this.size--;
    this.#outcomes.handled(mail.msg, mail.sender, value);
  }

  fail(mail: Delivery, error: unknown): void {
    // guard: M8 no failure counts after another outcome
    if (!mail.isOpen) return;
    mail.isOpen = false;
    // guard: M8 a failure reaches who asked
    if (this.#outcomes.failed(mail.msg, mail.sender, error)) return void this.size--;
    const asked = mail.asker !== undefined;
    // guard: M8 giving up and failing are handed in apart
    // guard: M8 failures that an asker would have been told are handed in apart
    const kind = `${asked} ${isAbortError(error)}`;
    const lost = (this.#lost ??= new Map()).get(kind) ?? { error, asked, msgs: [] };
    this.#lost.set(kind, lost);
    lost.msgs.push(mail.msg);
  }

  /** The call has ended: those without outcome were handled, or failed as the call did. */
  end(settle: (mail: Delivery) => void): void {
    for (const mail of this.mails) settle(mail);
    // guard: M8 failures are handed in when the call ends
    this.#tell();
  }

  /** Nobody waits for the call any longer: those without outcome are dropped. */
  abandon(): void {
    // guard: M8 or when the call is given up
    this.#tell();
    const open = this.mails.filter(({ isOpen }) => isOpen);
    // guard: M8 what is dropped has that outcome
    for (const mail of open) mail.isOpen = false;
    const msgs = open.map(({ msg }) => msg);
    this.#outcomes.dropped(msgs.length, msgs);
    this.size = 0;
  }

  /** Hands the failures in: once with the first error of each kind. */
  #tell(): void {
    for (const lost of this.#lost?.values() ?? []) {
      this.size -= lost.msgs.length;
      this.#outcomes.lost(lost);
    }
    this.#lost?.clear();
  }
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
