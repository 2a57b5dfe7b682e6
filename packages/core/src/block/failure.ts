import type { Failure } from './events.js';

/** A failure of user code, as the blocks and their mailboxes hand it in. */
export interface FailureInPhase extends Failure {
  /** Messages that failed with it; 1 for all else. */
  readonly count: number;
  /** It is of messages whose askers gave up before. */
  readonly asked: boolean;
  /** What the flight did when it happened. */
  readonly phase: 'boot' | 'flight' | 'landing';
}

/** What is done about a failure: nothing, since somebody had asked or the block lets it pass; a place in the report; a landing. */
export type Decision = 'ignore' | 'record' | 'land';

/** Decides what a failure means (F3). `ask` asks the block's onError: in flight, and where nobody else knows. */
export function decide({ callback, asked, phase }: FailureInPhase, ask: () => 'continue' | 'shutdown'): Decision {
  // guard: M5 what an asker would have been told lands nobody
  if (asked) return 'ignore';
  // guard: F3 failures during the landing are in the report
  if (phase === 'landing') return 'record';
  if (callback === 'init' || ask() === 'shutdown') return 'land';
  // A message that failed is lost, if the flight goes on or not: nobody else will tell (L4).
  // guard: L4 a message that failed in flight is in the report
  return callback === 'onMsg' || callback === 'onMsgs' ? 'record' : 'ignore';
}
