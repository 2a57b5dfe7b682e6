import { onAbort } from '../time/abort.js';
import type { AskOptions, BlockCommunicator } from '../api/block-communicator.js';
import type { Clock } from '../time/clock.js';
import { Deadlines } from '../time/deadlines.js';
import { describe, type BlockDescriptor } from '../api/descriptor.js';
import type { Mailbox } from './mailbox.js';
import { Question, type Sender } from './question.js';

/** Finds the block with a responsibility, elsewhere: the handle that `self`, a block here, has on it. */
export type Lookup = (responsibility: string, self: BlockCommunicator) => BlockCommunicator | undefined;

/** The addresses of a flight, and the questions that are open between them. */
export class Addresses {
  readonly questions: Deadlines<Question>;
  /** Looked up in when nobody here has a responsibility. */
  readonly outer: Lookup;
  readonly #byResponsibility = new Map<string, Address>();
  readonly #guests = new Map<string, Guest>();

  constructor(clock: Clock, outer: Lookup = () => undefined) {
    this.questions = new Deadlines(clock);
    this.outer = outer;
  }

  add(descriptor: BlockDescriptor): Address {
    const address = new Address(descriptor, this);
    this.#byResponsibility.set(descriptor.responsibility, address);
    return address;
  }

  get(responsibility: string): Address | undefined {
    return this.#byResponsibility.get(responsibility);
  }

  /** The handle on a block here of somebody outside, whom it knows as `from`. */
  handleFor({ name, responsibility }: BlockDescriptor, to: string): BlockCommunicator | undefined {
    const on = this.get(to);
    if (!on) return undefined;
    const guest = this.#guests.get(responsibility) ?? new Guest(describe(name, responsibility), this);
    this.#guests.set(responsibility, guest);
    return guest.handleOn(on);
  }
}

/** Where a block can be reached. Known before the block is made, and complete when it is. */
export class Address {
  readonly descriptor: BlockDescriptor;
  readonly addresses: Addresses;
  /** Absent until the block is made, and where it takes no messages. */
  mailbox: Mailbox | undefined;
  readonly #handles = new Map<Address, BlockCommunicator>();

  constructor(descriptor: BlockDescriptor, addresses: Addresses) {
    this.descriptor = descriptor;
    this.addresses = addresses;
  }

  /** Its handle on the block with this responsibility, here or outside. */
  find(responsibility: string): BlockCommunicator | undefined {
    const other = this.addresses.get(responsibility);
    // guard: N2 an address that no block has is looked up outside
    // guard: N2 addresses inside come first
    return other ? this.handleOn(other) : this.addresses.outer(responsibility, this.handleOn(this));
  }

  /** Those to the block here that are open. */
  questions(): readonly Question[] {
    return [...this.addresses.questions].filter(({ to }) => to === this);
  }

  /** The handle that the block here has on another, always the same one. */
  handleOn(other: Address): BlockCommunicator {
    const known = this.#handles.get(other) ?? this.#findGuest(other) ?? makeHandle(this, other);
    this.#handles.set(other, known);
    return known;
  }

  /** What a block here sends to a guest goes where the guest is. */
  #findGuest(other: Address): BlockCommunicator | undefined {
    if (this instanceof Guest || !(other instanceof Guest)) return undefined;
    const { descriptor } = other;
    const found = this.addresses.outer(descriptor.responsibility, this.handleOn(this));
    // guard: N5 what is sent back to somebody outside goes there
    return found && { ...found, descriptor };
  }
}

/** Stands for a block outside, for those here that get messages from it. */
class Guest extends Address {}

function makeHandle(owner: Address, on: Address): BlockCommunicator {
  const { addresses } = owner;
  /** As the receiver sees the owner. */
  let sender: Sender | undefined;
  const asSender = (): Sender => (sender ??= { from: on.handleOn(owner), question: undefined });
  return {
    descriptor: on.descriptor,
    // The address carries the types, which are not there at run time.
    communicator: (responsibility) => owner.find(responsibility) as never,
    // guard: M2 what is no message is refused
    send: (msg) => isMessage(msg) && (on.mailbox?.offer(msg, sender ?? asSender()) ?? false),
    post: async (msg, options) => isMessage(msg) && (on.mailbox?.post(msg, asSender(), options?.signal) ?? false),
    ask: (msg, { timeoutMs = 30_000, signal, whenFull = 'wait' }: AskOptions = NO_OPTIONS) =>
      new Promise<never>((resolve, reject) => {
        const question = new Question(asSender().from, on, resolve as (value: unknown) => void, reject);
        // guard: M5 an ask gives up at its signal
        if (signal) question.forget = onAbort(signal, () => void question.fail('ASK_ABORTED', signal.reason));
        // guard: M5 an ask with an aborted signal sends nothing
        if (!question.isWaiting) return;
        // guard: M5 an ask that nobody takes rejects at once
        if (!isMessage(msg) || !on.mailbox) return void question.fail('ASK_REFUSED');
        on.mailbox.ask(msg, question, whenFull);
        // guard: M5 an ask has a time-out
        if (question.isWaiting) addresses.questions.add(question, timeoutMs);
      }),
  };
}

const NO_OPTIONS: AskOptions = {};

/** Callers without types may pass anything. */
function isMessage(msg: unknown): msg is object {
  return typeof msg === 'object' && msg !== null;
}
