import { isAbortError } from '../time/abort.js';
import type { Asker, BlockCommunicator, Mail } from '../api/block-communicator.js';
import type { Line, LineNode } from '../time/line.js';
import type { Lost, Outcomes } from './outcomes.js';
import type { Sender } from './question.js';

const NO_VALUE = 'reply() takes a value, not a promise: await it first';

/** A message that failed where no asker knows. */
interface Loss {
  readonly msg: object;
  readonly sender: Sender;
  readonly error: unknown;
}

/** A message of a batch. */
class Delivery implements Mail<object> {
  readonly msg: object;
  readonly sender: Sender;
  isOpen = true;
  readonly #outcomes: Outcomes;
  readonly #losses: Loss[];

  constructor(msg: object, sender: Sender, outcomes: Outcomes, losses: Loss[]) {
    this.msg = msg;
    this.sender = sender;
    this.#outcomes = outcomes;
    this.#losses = losses;
  }

  get from(): BlockCommunicator {
    return this.sender.from;
  }

  get asker(): Asker | undefined {
    return this.sender.question;
  }

  reply(value?: unknown): void {
    // guard: M8 a promise is no reply
    if (isThenable(value)) return this.fail(new TypeError(NO_VALUE));
    // guard: M8 no reply counts after another outcome
    if (!this.isOpen) return;
    this.isOpen = false;
    this.#outcomes.handled(this.msg, this.sender, value);
  }

  fail(error: unknown): void {
    // guard: M8 no failure counts after another outcome
    if (!this.isOpen) return;
    this.isOpen = false;
    const { msg, sender } = this;
    // guard: M8 a failure reaches who asked
    if (!this.#outcomes.failed(msg, sender, error)) this.#losses.push({ msg, sender, error });
  }
}

/** The messages of one call of `onMsgs`, each with an outcome of its own (M8). */
export class Batch implements LineNode {
  before: LineNode | undefined = undefined;
  after: LineNode | undefined = undefined;
  line: Line<LineNode> | undefined = undefined;
  readonly mails: Delivery[] = [];
  /** Of all its messages: the call holds them until it has ended. */
  weight = 0;
  readonly #outcomes: Outcomes;
  /** To be handed in when the call ends. */
  readonly #losses: Loss[] = [];

  constructor(outcomes: Outcomes) {
    this.#outcomes = outcomes;
  }

  add(msg: object, sender: Sender, weight: number): void {
    this.weight += weight;
    this.mails.push(new Delivery(msg, sender, this.#outcomes, this.#losses));
  }

  /** The call has ended: those without outcome were handled, or failed as the call did. */
  end(settle: (mail: Mail<object>) => void): void {
    for (const mail of this.mails) settle(mail);
    // guard: M8 failures are handed in when the call ends
    this.#handIn();
  }

  /** Nobody waits for the call any longer: those without outcome are dropped. */
  abandon(): void {
    // guard: M8 or when the call is given up
    this.#handIn();
    const open = this.mails.filter(({ isOpen }) => isOpen);
    // guard: M8 what is dropped has that outcome
    for (const mail of open) mail.isOpen = false;
    const msgs = open.map(({ msg }) => msg);
    this.#outcomes.dropped(msgs.length, msgs);
  }

  /** Hands in what is lost: by kind, with the first error of each. */
  #handIn(): void {
    if (this.#losses.length === 0) return;
    const kinds = new Map<string, Lost & { readonly msgs: object[] }>();
    for (const { msg, sender, error } of this.#losses.splice(0)) {
      const asked = sender.question !== undefined;
      // guard: M8 giving up and failing are handed in apart
      // guard: M8 failures that an asker would have been told are handed in apart
      const kind = `${asked} ${isAbortError(error)}`;
      const lost = kinds.get(kind) ?? { error, asked, msgs: [] };
      kinds.set(kind, lost);
      lost.msgs.push(msg);
    }
    for (const lost of kinds.values()) this.#outcomes.lost(lost);
  }
}

export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
