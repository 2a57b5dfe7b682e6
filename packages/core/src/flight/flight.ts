import { onAbort, unlimited } from '../time/abort.js';
import { ActiveBlock } from '../block/active-block.js';
import { Addresses } from '../mailbox/address.js';
import type { AnyBlock } from '../block/block.js';
import { Blocks } from './blocks.js';
import { Callbacks, type FlightControl, type FlightPlan } from '../block/callbacks.js';
import { CONNECTOR, describe, INITIATOR } from '../api/descriptor.js';
import { SputnikError, textOf } from '../api/errors.js';
import { Emitter } from './emitter.js';
import type {
  BlockMetrics,
  EventListener,
  Failure,
  FlightStatus,
  LandingCause,
  LandingReport,
} from '../block/events.js';
import type { FailureInPhase } from '../block/failure.js';
import { Failures } from '../block/failures.js';
import { Gate } from './gate.js';
import { initiatorBlock } from './initiator-block.js';
import { Landing } from './landing.js';
import { handingIn, type MessageObserver } from '../api/observer.js';
import { Pacer } from '../time/pacer.js';
import { makeReport } from './report.js';

/** A flight, the one owner of its state. */
export class ActiveFlight implements FlightControl {
  readonly plan: FlightPlan;
  readonly pacer: Pacer = new Pacer();
  readonly emit: EventListener;
  readonly failures: Failures;
  readonly addresses: Addresses;
  readonly observer: MessageObserver | undefined;
  readonly blocks: Blocks = new Blocks();
  readonly landing: AbortSignal;
  readonly landingSoon: AbortSignal;
  readonly landed: Promise<LandingReport>;
  /** For which it does not boot (B2). */
  problems: readonly string[] = [];
  readonly #initiator: ActiveBlock;
  readonly #landing = new AbortController();
  readonly #prepared = new Gate();
  readonly #toldToLand = new Gate();
  readonly #landed = new Gate<LandingReport>();
  readonly #emitter: Emitter;
  #started = false;
  #state: FlightStatus['state'] = 'preparing';
  #launched = false;
  /** Why it was not prepared: the init that failed, or ABORTED. */
  #refusal: { readonly code: 'INIT_FAILED' | 'ABORTED'; readonly failure?: Failure | undefined } | undefined;
  #cause: LandingCause | undefined;
  #landingMs: number;

  constructor(plan: FlightPlan) {
    this.plan = plan;
    this.#landingMs = plan.landingMs;
    this.failures = new Failures(this);
    const failed = (callback: 'onEvent' | 'observer') => (error: unknown) =>
      this.failures.land({ block: this.#initiator.descriptor, callback, error });
    this.#emitter = new Emitter(plan.onEvent, failed('onEvent'));
    this.emit = this.#emitter.emit;
    // guard: M9 what an observer throws lands the satellite
    this.observer = plan.observer && handingIn(plan.observer, failed('observer'));
    this.addresses = new Addresses(plan.clock, plan.outer);
    this.landing = unlimited(this.#landing.signal);
    // guard: L8 a landing may be announced
    // guard: L8 the landing announces itself at the latest
    this.landingSoon = plan.landingSoon ? unlimited(AbortSignal.any([this.landing, plan.landingSoon])) : this.landing;
    this.landed = this.#landed.passed;
    const initiator = initiatorBlock((block) => void this.land({ kind: 'block', block, reason: undefined }));
    this.#initiator = this.add(initiator, new Callbacks(this.addresses.add(describe(INITIATOR)), this));
    this.#initiator.run();
  }

  add(block: Partial<AnyBlock>, callbacks: Callbacks): ActiveBlock {
    const active = new ActiveBlock(block, callbacks, this);
    this.blocks.add(active);
    return active;
  }

  /** The whole flight, in the order of docs/lifecycle.md; `boot`, `launch` and `land` say from outside when it goes on. */
  async #course(): Promise<void> {
    if (await this.#boot()) await this.#fly();
    this.#state = 'landing';
    const landing = new Landing(this.blocks, this.plan.clock, this.emit, this.#landingMs);
    await landing.stopIntakeAndDrain();
    await landing.finish();
    await this.#initiator.idle();
    // guard: M5 no question is open after the landing
    this.close();
    this.#report(landing);
  }

  #start(): void {
    // guard: B4 a flight takes one course
    if (this.#started) return;
    this.#started = true;
    const { signal } = this.plan;
    // guard: L1 an aborted signal option lands
    const forget = onAbort(signal, () => this.land({ kind: 'abort', reason: signal?.reason }));
    // guard: L6 what has landed forgets the signal option
    void this.landed.then(forget);
    void this.#course();
  }

  /** One at a time, in order. False if one failed, or a landing was asked for (B1, B3, B5). */
  async #boot(): Promise<boolean> {
    for (const block of this.blocks.others) {
      // guard: B1 inits follow one another
      // guard: N1 what was landed before does not boot
      const failure = this.#cause ? undefined : await block.initialise();
      // guard: B3 a block whose init failed gets no finish
      if (block.isReady) this.blocks.initialised.push(block);
      // guard: B5 a landing while it boots ends that
      if (!failure && !this.#cause) continue;
      this.#refusal = { code: this.#cause ? 'ABORTED' : 'INIT_FAILED', failure };
      // guard: B3 a failed init is why it lands
      if (failure) this.failures.land(failure);
      return false;
    }
    return true;
  }

  /** It flies meanwhile, if `launch` is called. */
  #fly(): Promise<void> {
    this.#state = 'prepared';
    this.#prepared.open();
    return this.#toldToLand.passed;
  }

  #report({ tookMs, unfinished }: Landing): void {
    const blocks = [...this.blocks].map((block) => block.status());
    this.#state = 'landed';
    const cause = this.#cause as LandingCause;
    const report = (): LandingReport => makeReport(cause, tookMs, unfinished, this.failures.kept, blocks);
    this.emit({ type: 'landed', report: report() });
    // Made again, since the listener may just have failed.
    this.#landed.open(report());
  }

  /** Boots. Rejects with BAD_SETUP, or with INIT_FAILED or ABORTED after the rollback. */
  async boot(): Promise<void> {
    const { problems } = this;
    // guard: B2 nothing starts while there are problems
    if (problems.length > 0) {
      // guard: B2 whoever asked in the making gets an answer
      this.close();
      throw new SputnikError('BAD_SETUP', undefined, { problems });
    }
    this.#start();
    await Promise.race([this.#prepared.passed, this.landed]);
    if (!this.#refusal) return;
    const { code, failure } = this.#refusal;
    // guard: B3 prepare rejects after the rollback
    const report = await this.landed;
    // guard: B3 the error of a failed init is kept
    const cause = failure ? failure.error : report.cause.reason;
    throw new SputnikError(code, failure && textOf(failure.error), { ...failure, cause, report });
  }

  /** Flies until landed: enters every run in one go, and keeps the process alive (F1, F3, F4, F5). */
  async launch(): Promise<LandingReport> {
    // guard: F4 launch works once
    if (this.#launched) throw new SputnikError('ALREADY_LAUNCHED');
    this.#launched = true;
    // guard: N1 launch boots what was not booted
    if (this.#state === 'preparing') await this.boot();
    // guard: F5 a flight keeps the process alive
    const alive = setInterval(() => {}, 2 ** 30);
    // guard: B4 what has landed does not fly
    if (!this.landing.aborted) {
      this.#state = 'flying';
      this.emit({ type: 'launching' });
      this.blocks.run();
      this.emit({ type: 'launched' });
    }
    const report = await this.landed;
    // guard: F5 and lets go of it
    clearInterval(alive);
    const { fatal } = this.failures;
    // guard: F3 launch rejects if a block failed
    if (!fatal) return report;
    const { error: cause, ...where } = fatal;
    throw new SputnikError('BLOCK_FAILED', textOf(cause), { ...where, cause, report });
  }

  /**
   * Begins to land, within `withinMs` if that is sooner than its own deadline (L1). False when it has begun before (B4), or somebody around lands it
   * (N6): then it does nothing.
   */
  land(cause: LandingCause, withinMs: number = Infinity): boolean {
    // guard: B4 a landing begins once
    if (this.#cause) return false;
    // guard: N6 what flies inside another may be landed by that
    if (cause.kind !== 'shootDown' && this.plan.landAround?.(cause)) return false;
    this.#cause = cause;
    // guard: N3 a landing keeps to the share it is given
    // guard: N3 and to its own deadline where that is sooner
    this.#landingMs = Math.min(this.#landingMs, withinMs);
    this.emit({ type: 'landing', cause });
    this.#landing.abort();
    this.#toldToLand.open();
    // guard: N1 what was never booted can land
    this.#start();
    return true;
  }

  /** Takes nothing more in from outside: `landing` aborts, every `onLanding` is called and awaited. Mailboxes stay open. */
  quiesce(): Promise<void> {
    // guard: N3 to quiesce aborts landing
    this.#landing.abort();
    return this.blocks.stopIntake();
  }

  /** Closes all mailboxes and leaves no timer: after the landing, or because it will never fly. Open questions get an answer. */
  close(): void {
    for (const block of this.blocks) block.closeMailbox();
    this.addresses.questions.close();
  }

  get phase(): FailureInPhase['phase'] {
    if (this.#cause) return 'landing';
    if (this.#state === 'preparing') return 'boot';
    // guard: N3 what fails after that is in the report
    return this.landing.aborted ? 'landing' : 'flight';
  }

  /** What the blocks measure (F6). */
  metrics(): readonly BlockMetrics[] {
    return this.blocks.others.map((block) => ({ block: block.descriptor, metrics: block.metrics() }));
  }

  status(): FlightStatus {
    const connection = this.blocks.get(CONNECTOR) ? this.#emitter.connection : 'none';
    return { state: this.#state, connection, blocks: this.blocks.others.map((block) => block.status()) };
  }
}
