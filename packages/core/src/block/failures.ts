import type { Callback } from './block.js';
import type { EventListener, Failure, LandingCause } from './events.js';
import { decide, type FailureInPhase } from './failure.js';

/** A block, as far as its failures go. */
interface Judge {
  judge(error: unknown, where: Callback): 'continue' | 'shutdown';
}

/** What happens to a flight whose user code fails. */
export interface FailingFlight {
  readonly phase: FailureInPhase['phase'];
  readonly emit: EventListener;
  readonly blocks: { get(responsibility: string): Judge | undefined };
  /** Begins to land (L1). False when it has begun before: then it does nothing (B4). */
  land(cause: LandingCause): boolean;
}

/** The failures of a flight: has them decided (F3), and keeps what the report is to name (L4). */
export class Failures {
  /** The one that led to the landing. */
  fatal: Failure | undefined;
  readonly #flight: FailingFlight;
  readonly #kept: (Failure & { count: number })[] = [];

  constructor(flight: FailingFlight) {
    this.#flight = flight;
  }

  /** As they are now. */
  get kept(): readonly (Failure & { readonly count: number })[] {
    return this.#kept.map((failure) => ({ ...failure }));
  }

  handle(failure: FailureInPhase): void {
    const { block, callback, error, count } = failure;
    const decision = decide(failure, () => this.#judge(failure));
    // guard: F3 launch rejects with the first failure
    if (decision === 'land') this.fatal ??= failure;
    const told = decision === 'land' ? 'shutdown' : 'continue';
    this.#flight.emit({ type: 'failed', block, callback, error, decision: told, lost: lostWith(failure) });
    // guard: F3 a callback that fails lands the satellite
    // guard: F3 what onError let pass while it landed is in the report
    if (decision === 'land') this.land(failure, count);
    // The block, or the listener, may have landed meanwhile: what it let pass came during the landing then.
    else if (decide({ ...failure, phase: this.#flight.phase }, () => 'continue') === 'record')
      this.keep(failure, count);
  }

  /** Lands because of it, unless a landing has begun. */
  land({ block, callback, error }: Failure, count: number = 1): void {
    // guard: L4 the failure that lands is in the report
    this.keep({ block, callback, error }, count);
    const isWhy = this.#flight.land({ kind: 'failure', block, reason: error });
    // guard: F3 what fails at landing is not why launch rejects
    if (isWhy) this.fatal = { block, callback, error };
  }

  /** Those of the same block and callback are counted, not listed: a mailbox may be full of them. */
  keep({ block, callback, error }: Failure, count: number): void {
    const same = this.#kept.find((known) => known.block === block && known.callback === callback);
    // guard: L4 failures of one callback are counted
    if (same) same.count += count;
    else this.#kept.push({ block, callback, error, count });
  }

  /** What the block that failed wants done. */
  #judge({ block, callback, error }: Failure): 'continue' | 'shutdown' {
    try {
      return this.#flight.blocks.get(block.responsibility)?.judge(error, callback) ?? 'shutdown';
    } catch (broken) {
      // guard: F3 an onError that throws is in the report
      this.keep({ block, callback: 'onError', error: broken }, 1);
      this.#flight.emit({ type: 'failed', block, callback: 'onError', error: broken, decision: 'shutdown', lost: 0 });
      // guard: F3 an onError that throws lets nothing pass
      return 'shutdown';
    }
  }
}

/** Messages are lost with a handler that failed, unless their askers gave up before. */
function lostWith({ callback, asked, count }: FailureInPhase): number {
  return !asked && (callback === 'onMsg' || callback === 'onMsgs') ? count : 0;
}
