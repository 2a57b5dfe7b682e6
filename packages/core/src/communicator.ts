import type { AskOptions, BlockCommunicator } from './block.js';
import type { Clock } from './clock.js';
import type { BlockDescriptor } from './descriptor.js';
import { SputnikError, type ErrorCode } from './errors.js';
import type { Mailbox } from './mailbox.js';

/** What a communicator needs of the blocks at its two ends. */
export interface Peer {
  readonly descriptor: BlockDescriptor;
  /** Absent where the block takes no messages. */
  readonly mailbox: Mailbox<BlockCommunicator> | undefined;
  readonly control: { readonly plan: { readonly clock: Clock }; readonly blocks: ReadonlyMap<string, Peer> };
  /** This block's handle on another one, or on itself. */
  handleOn(peer: Peer): BlockCommunicator;
}

/** The handle that the block `owner` has on the block `peer`. */
export function communicatorOn(peer: Peer, owner: Peer): BlockCommunicator {
  const { descriptor } = peer;
  /** The peer's handle on the owner: what its `onMsg` gets as `from`. */
  let reply: BlockCommunicator | undefined;
  const from = (): BlockCommunicator => (reply ??= peer.handleOn(owner));
  const sender = { from };
  return {
    descriptor,
    communicator: (responsibility) => {
      const other = owner.control.blocks.get(responsibility);
      // The address carries the types, which are not there at run time.
      return other && (owner.handleOn(other) as never);
    },
    send: (msg) => isMessage(msg) && (peer.mailbox?.offer(msg, sender) ?? false),
    post: async (msg, options) => isMessage(msg) && (peer.mailbox?.post(msg, sender, options?.signal) ?? false),
    ask: (msg, { timeoutMs = 30_000, signal }: AskOptions = {}) =>
      new Promise((resolve, reject) => {
        let waiting = true;
        const settle = (how: () => void): boolean => {
          if (!waiting) return false;
          waiting = false;
          cancel();
          signal?.removeEventListener('abort', giveUp);
          how();
          return true;
        };
        const answer = (value: unknown): boolean => settle(() => resolve(value));
        const fail = (code: ErrorCode, cause?: unknown): boolean =>
          settle(() => reject(new SputnikError(code, undefined, { block: descriptor, callback: 'onMsg', cause })));
        const giveUp = (): boolean => fail('ASK_ABORTED', signal?.reason);
        const cancel = owner.control.plan.clock.after(timeoutMs, () => fail('ASK_TIMEOUT'));
        signal?.addEventListener('abort', giveUp);
        if (signal?.aborted) giveUp();
        else if (!isMessage(msg) || !peer.mailbox?.offer(msg, { from, answer, fail })) fail('ASK_REFUSED');
      }),
  };
}

/** Callers without types may pass anything. */
function isMessage(msg: unknown): msg is object {
  return typeof msg === 'object' && msg !== null;
}
