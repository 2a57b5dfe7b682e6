import type { AskOptions, BlockCommunicator } from './block.js';
import type { Clock } from './clock.js';
import type { BlockDescriptor } from './descriptor.js';
import { SputnikError, type ErrorCode } from './errors.js';
import type { Mailbox } from './mailbox.js';
import type { Msg } from './message.js';

/** What a communicator needs of the blocks at its two ends. */
export interface Peer {
  readonly descriptor: BlockDescriptor;
  /** Absent where the block takes no messages. */
  readonly mailbox: Mailbox<Communicator> | undefined;
  readonly clock: Clock;
  find(responsibility: string): Peer | undefined;
  /** This block's handle on another one, or on itself. */
  handleOn(peer: Peer): Communicator;
}

/** A handle that one block has on another. */
export class Communicator implements BlockCommunicator {
  readonly #owner: Peer;
  readonly #peer: Peer;
  /** The peer's handle on the owner: what its `onMsg` gets as `from`. */
  #reply: Communicator | undefined;

  constructor(owner: Peer, peer: Peer) {
    this.#owner = owner;
    this.#peer = peer;
  }

  get descriptor(): BlockDescriptor {
    return this.#peer.descriptor;
  }

  communicator<H>(responsibility: string): H | undefined {
    const peer = this.#owner.find(responsibility);
    return peer && (this.#owner.handleOn(peer) as H);
  }

  readonly send = (msg: Msg): boolean => {
    const { mailbox } = this.#peer;
    return mailbox !== undefined && isMessage(msg) && mailbox.offer(msg, this.#from);
  };

  readonly post = (msg: Msg, options?: { readonly signal?: AbortSignal | undefined }): Promise<boolean> => {
    const { mailbox } = this.#peer;
    return mailbox && isMessage(msg) ? mailbox.post(msg, this.#from, options?.signal) : Promise.resolve(false);
  };

  readonly ask = (msg: Msg, options: AskOptions = {}): Promise<unknown> =>
    new Promise((resolve, reject) => {
      let waiting = true;
      const settle = (): boolean => {
        cancel();
        options.signal?.removeEventListener('abort', giveUp);
        const first = waiting;
        waiting = false;
        return first;
      };
      const answer = (value: unknown): void => {
        if (settle()) resolve(value);
      };
      const fail = (code: ErrorCode, cause?: unknown): boolean => {
        reject(new SputnikError(code, undefined, { block: this.descriptor, callback: 'onMsg', cause }));
        return settle();
      };
      const giveUp = (): boolean => fail('ASK_ABORTED', options.signal?.reason);
      const cancel = this.#owner.clock.after(options.timeoutMs ?? 30_000, () => fail('ASK_TIMEOUT'));
      if (options.signal?.aborted) return void giveUp();
      options.signal?.addEventListener('abort', giveUp);
      const { mailbox } = this.#peer;
      if (!mailbox || !isMessage(msg) || !mailbox.offer(msg, this.#from, { answer, fail })) fail('ASK_REFUSED');
    });

  get #from(): Communicator {
    return (this.#reply ??= this.#peer.handleOn(this.#owner));
  }
}

/** Callers without types may pass anything. */
function isMessage(msg: unknown): msg is Msg {
  return typeof msg === 'object' && msg !== null;
}
