import type { AskOptions, BlockCommunicator } from './block.js';
import type { Deadlines } from './deadlines.js';
import type { BlockDescriptor } from './descriptor.js';
import type { Mailbox } from './mailbox.js';
import { Question, type About } from './question.js';

/** What communicators need of a flight. */
export interface Addresses {
  readonly deadlines: Deadlines;
  /** Who has a responsibility; known before the block is made. */
  readonly descriptors: ReadonlyMap<string, BlockDescriptor>;
  /** Those made so far. */
  readonly blocks: ReadonlyMap<string, { readonly mailbox: Mailbox<BlockCommunicator> | undefined }>;
}

/** The handles that blocks have on each other, one for each pair. */
export class Communicators {
  readonly #addresses: Addresses;
  readonly #handles = new Map<BlockDescriptor, Map<BlockDescriptor, BlockCommunicator>>();

  constructor(addresses: Addresses) {
    this.#addresses = addresses;
  }

  /** The handle that `owner` has on the block `on`. */
  handle(owner: BlockDescriptor, on: BlockDescriptor): BlockCommunicator {
    const own = this.#handles.get(owner) ?? new Map<BlockDescriptor, BlockCommunicator>();
    this.#handles.set(owner, own);
    const known = own.get(on) ?? this.#make(owner, on);
    own.set(on, known);
    return known;
  }

  #make(owner: BlockDescriptor, on: BlockDescriptor): BlockCommunicator {
    const { deadlines, descriptors, blocks } = this.#addresses;
    /** What the receiver gets as `from`: its handle on the owner. */
    let reply: BlockCommunicator | undefined;
    const from = (): BlockCommunicator => (reply ??= this.handle(on, owner));
    const sender = { from };
    const about = (): About => ({ block: on, callback: mailbox()?.callback ?? 'onMsg' });
    let found: Mailbox<BlockCommunicator> | undefined;
    // looked up when it is used: a block may get a handle on one that is made after it
    const mailbox = (): Mailbox<BlockCommunicator> | undefined => (found ??= blocks.get(on.responsibility)?.mailbox);
    return {
      descriptor: on,
      communicator: (responsibility) => {
        const other = descriptors.get(responsibility);
        // The address carries the types, which are not there at run time.
        return other && (this.handle(owner, other) as never);
      },
      send: (msg) => isMessage(msg) && (mailbox()?.offer(msg, sender) ?? false),
      post: async (msg, options) => isMessage(msg) && (mailbox()?.post(msg, sender, options?.signal) ?? false),
      ask: (msg, { timeoutMs = 30_000, signal, whenFull = 'wait' }: AskOptions = NO_OPTIONS) =>
        new Promise((resolve, reject) => {
          const question = new Question(about, from, resolve, reject);
          if (signal) question.heed(signal);
          if (!question.isOpen) return;
          const box = mailbox();
          if (!isMessage(msg) || !box) return void question.fail('ASK_REFUSED');
          box.ask(msg, question, whenFull);
          if (question.isOpen) deadlines.add(question, timeoutMs);
        }),
    };
  }
}

const NO_OPTIONS: AskOptions = {};

/** Callers without types may pass anything. */
function isMessage(msg: unknown): msg is object {
  return typeof msg === 'object' && msg !== null;
}
