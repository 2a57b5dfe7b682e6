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
   * Now or never. True if the message was accepted; false for null, a block without `onMsg`, a finished block, or a full mailbox. Never
   * throws, never waits, never runs the receiver (M2).
   */
  readonly send: Handing<M, [], boolean>;
  /**
   * Waits for room, in turn. Resolves with false only if there never will be room: the block has no `onMsg`, or has finished. Rejects with
   * the reason of the signal if that aborts first (M4).
   */
  readonly post: Handing<M, [options?: { readonly signal?: AbortSignal | undefined }], Promise<boolean>>;
  /**
   * Waits for room as `post` does, then resolves with the answer. Rejects with a SputnikError: ASK_REFUSED (never accepted: no `onMsg`, a
   * finished block, no room before the deadline; safe to ask again), ASK_DROPPED, ASK_FAILED (its `cause` is what `onMsg` threw), ASK_TIMEOUT
   * (accepted, no answer before the deadline; may still be handled), ASK_ABORTED, ASK_ENDED (M5).
   */
  readonly ask: Handing<M, [options?: AskOptions], Promise<A>>;
}

/** How an `ask` waits. */
export interface AskOptions {
  /** The deadline, in milliseconds from the call. Default: 30,000; Infinity for none. */
  readonly timeoutMs?: number | undefined;
  /** What to do if the mailbox is full: `wait` for room in turn (the default), or `reject` at once with ASK_REFUSED. */
  readonly whenFull?: 'wait' | 'reject' | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The asker of a question. A receiver can check whether it still waits, and save work otherwise (M5). */
export interface Asker {
  /** False once the asker has an answer, or has given up: its deadline passed, or its signal aborted. */
  readonly isWaiting: boolean;
}

/** A message of a batch. Each has its own outcome: the first one given counts (M8). */
export interface Mail<M = Msg, A = unknown> {
  readonly msg: M;
  readonly from: BlockCommunicator;
  /** Undefined if nobody asked. */
  readonly asker: Asker | undefined;
  /** The message is handled; the value answers an `ask`. Do not give a promise: await it first. */
  reply(value?: A): void;
  /** The message failed. */
  fail(error: unknown): void;
}
