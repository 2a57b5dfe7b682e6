import type { BlockDescriptor } from './descriptor.js';
import type { Clean, Handing, Msg, Responsibility } from './message.js';

/** A handle on a block. */
export interface BlockCommunicator<M = Msg, A = unknown> {
  /** The block this handle is on. */
  readonly descriptor: BlockDescriptor;
  /** A handle on another block, or undefined if the process has none with that responsibility. */
  communicator<N extends Clean<N> = Msg, B = unknown>(
    responsibility: Responsibility<N, B>,
  ): BlockCommunicator<N, B> | undefined;
  /**
   * Now or never: true if the message was accepted; false for null, a block without `onMsg`, a finished block, a full
   * mailbox. Never throws, never waits, never runs the receiver (M2).
   */
  readonly send: Handing<M, [], boolean>;
  /**
   * Waits for room, in turn. Resolves false only when there never will be any: the block has no `onMsg` or finished.
   * Rejects with the signal's reason when that aborts before there was room (M4).
   */
  readonly post: Handing<M, [options?: { readonly signal?: AbortSignal | undefined }], Promise<boolean>>;
  /**
   * Waits for room as `post` does, and resolves with what the receiver answers. Rejects with a SputnikError: ASK_REFUSED (never
   * accepted: no `onMsg`, a finished block, no room before the deadline; safe to ask again), ASK_DROPPED, ASK_FAILED (its `cause` is what
   * `onMsg` threw), ASK_TIMEOUT (accepted, no answer before the deadline; it may be handled all the same), ASK_ABORTED, ASK_ENDED (M5).
   */
  readonly ask: Handing<M, [options?: AskOptions], Promise<A>>;
}

/** How long an `ask` waits, and what for. */
export interface AskOptions {
  /** Milliseconds for all of it, from the call on; 30,000 unless given, Infinity for no deadline. */
  readonly timeoutMs?: number | undefined;
  /** What to do when the mailbox is full: `wait` for room in turn (unless given), or `reject` at once with ASK_REFUSED. */
  readonly whenFull?: 'wait' | 'reject' | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Who asked; for a receiver that would work in vain once nobody waits for its answer (M5). */
export interface Asker {
  /** False once the asker has an answer, or has given up: its deadline passed, or its signal aborted. */
  readonly isWaiting: boolean;
}

/** A message of a batch. Its outcome is its own: the first that is given counts (M8). */
export interface Mail<M = Msg, A = unknown> {
  readonly msg: M;
  readonly from: BlockCommunicator;
  /** Undefined where nobody asked. */
  readonly asker: Asker | undefined;
  /** It is handled; the value answers an `ask`. A promise is no value: await it first. */
  reply(value?: A): void;
  /** It failed. */
  fail(error: unknown): void;
}
