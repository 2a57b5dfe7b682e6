import { isAbortError, unlimited } from '../time/abort.js';
import type { Address, Lookup } from '../mailbox/address.js';
import type { BlockContext, Callback, Logger } from './block.js';
import type { Clock } from '../time/clock.js';
import type { ConfigSource } from '../api/config.js';
import { FINISHER, type BlockDescriptor } from '../api/descriptor.js';
import type { EventListener, LandingCause } from './events.js';
import type { FailureInPhase } from './failure.js';
import type { FailingFlight, Failures } from './failures.js';
import type { MessageObserver } from '../api/observer.js';
import type { Pacer } from '../time/pacer.js';

/** What has to be known of a flight. */
export interface FlightPlan {
  readonly clock: Clock;
  readonly log: Logger;
  readonly source: ConfigSource;
  readonly onEvent: EventListener;
  readonly observer: MessageObserver | undefined;
  readonly initMs: number;
  readonly landingMs: number;
  /** Lands the satellite when it aborts (L1). */
  readonly signal: AbortSignal | undefined;
  /** Aborts when somebody outside announces the landing. */
  readonly landingSoon: AbortSignal | undefined;
  /** Finds the block outside with a responsibility that no block here has. */
  readonly outer: Lookup | undefined;
  /** Asked before it lands for anything but a `shootDown`: true if somebody around lands it (N6). */
  readonly landAround: ((cause: LandingCause) => boolean) | undefined;
}

/** What blocks need of their flight. */
export interface FlightControl extends FailingFlight {
  readonly plan: FlightPlan;
  readonly pacer: Pacer;
  readonly landing: AbortSignal;
  readonly landingSoon: AbortSignal;
  readonly observer: MessageObserver | undefined;
  /** Where failures of user code are handed in (F3). */
  readonly failures: Failures;
}

/** What a failure is about, beside its place. */
type About = Partial<Pick<FailureInPhase, 'asked' | 'count'>>;

/** Runs the user code of a block, knows what of it is under way, and hands its failures in. */
export class Callbacks {
  readonly address: Address;
  readonly descriptor: BlockDescriptor;
  readonly context: BlockContext;
  /** When the landing gives the block up, on the clock. */
  endsAt: number = Infinity;
  readonly #flight: FlightControl;
  readonly #abort = new AbortController();
  readonly #underWay = new Map<Promise<void>, Callback>();

  constructor(address: Address, flight: FlightControl) {
    const { descriptor } = address;
    this.address = address;
    this.descriptor = descriptor;
    this.#flight = flight;
    const { clock, log } = flight.plan;
    // guard: L1 a landing by a signal is told as such
    const kind = descriptor.responsibility === FINISHER ? 'signal' : 'block';
    this.context = {
      descriptor,
      clock,
      log: log.child?.({ block: descriptor.responsibility }) ?? log,
      landingSoon: flight.landingSoon,
      landing: flight.landing,
      signal: unlimited(this.#abort.signal),
      land: (reason) => void flight.land({ kind, block: descriptor, reason }),
      // guard: F3 work given to waitUntil is the block's
      waitUntil: (work) => void this.enter('waitUntil', () => work),
      // guard: N3 a block knows what is left of its share
      msLeft: () => Math.max(0, this.endsAt - clock.now()),
    };
  }

  /** The callbacks under way, beside those of messages. */
  get underWay(): ReadonlySet<Callback> {
    return new Set(this.#underWay.values());
  }

  /** Runs user code; resolves when it has ended, its failure handed in. */
  enter(callback: Callback, code: () => unknown): Promise<void> {
    const fail = (error: unknown): void => void this.fail(callback, error);
    const work = (async () => void (await code()))().catch(fail);
    // guard: L5 launch waits for run
    this.#underWay.set(work, callback);
    return work.finally(() => this.#underWay.delete(work));
  }

  /** Resolves when what is under way now has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay.keys());
  }

  /** Hands a failure in. False if it is none but obedience: giving up when told to (F3). */
  fail(callback: Callback, error: unknown, { asked = false, count = 1 }: About = {}): boolean {
    const { signal, landing } = this.context;
    // guard: F3 giving up when told to is no failure
    // guard: F3 giving up when nobody said so is a failure
    if (isAbortError(error) && (signal.aborted || landing.aborted)) return false;
    this.#flight.failures.handle({ block: this.descriptor, callback, error, asked, count, phase: this.#flight.phase });
    return true;
  }

  /** Gives up: what waits with the block's signal ends. */
  abort(): void {
    this.#abort.abort();
  }
}
