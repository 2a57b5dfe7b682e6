import type { Callback, Metric } from './block.js';
import type { BlockDescriptor } from '../api/descriptor.js';
import type { Counts } from '../mailbox/outcomes.js';

/** A failure of user code: where, and what was thrown. */
export interface Failure {
  readonly block: BlockDescriptor;
  readonly callback: Callback;
  readonly error: unknown;
}

/** A callback that did not end within its deadline. */
export type Unfinished = Omit<Failure, 'error'>;

/** Why the satellite landed (L1). */
export interface LandingCause {
  readonly kind: 'signal' | 'shootDown' | 'block' | 'abort' | 'failure';
  /** The block that asked or failed; the finisher for a signal. */
  readonly block?: BlockDescriptor | undefined;
  /** The reason: the name of the signal, the argument of `land`, or the error. */
  readonly reason?: unknown;
}

/** What a landing left behind (L4). */
export interface LandingReport {
  readonly cause: LandingCause;
  /** True if nothing failed, no accepted message was dropped and everything ended in time. */
  readonly clean: boolean;
  /** Milliseconds from the start of the landing to its end. */
  readonly tookMs: number;
  /** Callbacks that did not end within the deadline. */
  readonly unfinished: readonly Unfinished[];
  /**
   * The failure that led to the landing, those during it, and messages that failed in flight without an asker. For each block and callback:
   * the first error, and the `count`.
   */
  readonly failures: readonly (Failure & { readonly count: number })[];
  /** Blocks that dropped accepted messages during the flight, and how many. Failed messages are in `failures`. */
  readonly dropped: readonly { readonly block: BlockDescriptor; readonly count: number }[];
}

/** Everything that happens in a flight, in order, as data. Logs, metrics and health are made from it. */
export type SputnikEvent =
  | { readonly type: 'initializing' | 'initialized'; readonly block: BlockDescriptor }
  | { readonly type: 'launching' | 'launched' }
  | { readonly type: 'connecting' | 'connected'; readonly attempt: number }
  /** `retryInMs` is undefined if the landing began meanwhile. */
  | {
      readonly type: 'connectFailed';
      readonly attempt: number;
      readonly error: unknown;
      readonly retryInMs?: number | undefined;
    }
  /** An attempt missed its deadline and its signal aborted; the next begins when it settles (S2). */
  | { readonly type: 'connectOverdue'; readonly attempt: number }
  | { readonly type: 'disconnected'; readonly reason: unknown }
  /** `lost` is how many messages are lost with it: those that failed without an asker (L4). */
  | ({ readonly type: 'failed'; readonly decision: 'continue' | 'shutdown'; readonly lost: number } & Failure)
  /** Accepted messages were lost (M3). */
  | { readonly type: 'dropped'; readonly block: BlockDescriptor; readonly count: number }
  | { readonly type: 'landing'; readonly cause: LandingCause }
  /** The landing has been waiting for these for a while. */
  | {
      readonly type: 'waiting';
      readonly for: readonly Unfinished[];
      /** Blocks that wait for each other in a circle: each for an answer or for room of the next, the last for the first. May be empty. */
      readonly circle: readonly BlockDescriptor[];
    }
  | { readonly type: 'finishing' | 'finished'; readonly block: BlockDescriptor }
  | { readonly type: 'landed'; readonly report: LandingReport };

/** Called with every event, in order. Its errors land the satellite. */
export type EventListener = (event: SputnikEvent) => void;

/** A block at an instant. Counts are since prepare; accepted = handled + failed + dropped + depth + under way. */
export interface BlockStatus extends BlockDescriptor, Readonly<Counts> {
  readonly state: BlockState;
  /** Messages accepted and not yet begun. */
  readonly depth: number;
  /** How many messages its mailbox has room for; 0 if it takes none. */
  readonly capacity: number;
}

export type BlockState = 'made' | 'initializing' | 'ready' | 'running' | 'finishing' | 'finished';

/** The metrics that a block measures itself, at an instant (F6). */
export interface BlockMetrics {
  readonly block: BlockDescriptor;
  readonly metrics: readonly Metric[];
}

/** A flight at an instant. */
export interface FlightStatus {
  readonly state: 'preparing' | 'prepared' | 'flying' | 'landing' | 'landed';
  /** 'none' if the satellite has no server. */
  readonly connection: 'none' | 'idle' | 'connecting' | 'connected' | 'disconnected';
  readonly blocks: readonly BlockStatus[];
}
