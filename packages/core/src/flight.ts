import { anySignal, makeAbortController, onAbort } from './abort.js';
import { ActiveBlock } from './active-block.js';
import { Addresses } from './address.js';
import type { AnyBlock, Idling } from './block.js';
import { Callbacks, type FlightControl, type FlightPlan } from './callbacks.js';
import { settles } from './clock.js';
import { CONNECTOR, describe, INITIATOR } from './descriptor.js';
import { SputnikError, textOf } from './errors.js';
import { Emitter } from './emitter.js';
import type {
  BlockMetrics,
  EventListener,
  Failure,
  FlightStatus,
  LandingCause,
  LandingReport,
  Unfinished,
} from './events.js';
import type { FailureInPhase } from './failure.js';
import { Failures } from './failures.js';
import { Gate } from './gate.js';
import { allIdle, areIdle } from './idle.js';
import { initiatorBlock } from './initiator-block.js';
import { handingIn, type MessageObserver } from './observer.js';
import { Pacer } from './pacer.js';
import { makeReport } from './report.js';
import type { ServerConnection } from './server-lane.js';
import { sayWhatHangs } from './waiting.js';

const DRAIN_SHARE = 0.6;

/** A flight, the one owner of its state. */
export class ActiveFlight implements FlightControl, Idling {
  readonly plan: FlightPlan;
  readonly pacer: Pacer = new Pacer();
  readonly emit: EventListener;
  readonly failures: Failures;
  readonly addresses: Addresses;
  readonly observer: MessageObserver | undefined;
  /** All blocks by their addresses: the initiator, then the others in the order of their init. */
  readonly blocks: Map<string, ActiveBlock> = new Map();
  readonly landing: AbortSignal;
  readonly landingSoon: AbortSignal;
  readonly landed: Promise<LandingReport>;
  /** For which it does not boot (B2). */
  problems: readonly string[] = [];
  readonly #initiator: ActiveBlock;
  readonly #initialised: ActiveBlock[] = [];
  readonly #landing = makeAbortController();
  readonly #prepared = new Gate();
  readonly #toldToLand = new Gate();
  readonly #landed = new Gate<LandingReport>();
  readonly #emitter: Emitter;
  #started = false;
  #state: FlightStatus['state'] = 'preparing';
  #launched = false;
  #flown = false;
  /** Why it was not prepared: the init that failed, or ABORTED. */
  #refusal: { readonly code: 'INIT_FAILED' | 'ABORTED'; readonly failure?: Failure | undefined } | undefined;
  #cause: LandingCause | undefined;
  #landingMs: number;
  #quiesced: Promise<void> | undefined;

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
    this.landing = this.#landing.signal;
    // guard: L8 a landing may be announced
    // guard: L8 the landing announces itself at the latest
    this.landingSoon = plan.landingSoon ? anySignal(this.landing, plan.landingSoon) : this.landing;
    this.landed = this.#landed.passed;
    const initiator = initiatorBlock((block) => void this.land({ kind: 'block', block, reason: undefined }));
    this.#initiator = this.add(initiator, new Callbacks(this.addresses.add(describe(INITIATOR)), this));
    this.#initiator.run();
  }

  add(block: Partial<AnyBlock>, callbacks: Callbacks): ActiveBlock {
    const active = new ActiveBlock(block, callbacks, this);
    this.blocks.set(callbacks.descriptor.responsibility, active);
    return active;
  }

  /** The whole flight, in the order of docs/lifecycle.md; `boot`, `launch` and `land` say from outside when it goes on. */
  async #course(): Promise<void> {
    if (await this.#boot()) await this.#fly();
    this.#state = 'landing';
    const { clock } = this.plan;
    const began = clock.now();
    // guard: L2 finishes go in reverse
    const left = this.#initialised.toReversed();
    const stopSaying = sayWhatHangs(clock, this.emit, left);
    // guard: M5 who asked a block that will not fly hears of it at once
    this.#closeMailboxes();
    // guard: B4 what never flew has nothing to drain
    // guard: L2 what was accepted is delivered
    // guard: L3 nor does an onLanding that hangs
    if (this.#flown) await settles(clock, this.#stopIntakeAndDrain(), this.#landingMs * DRAIN_SHARE);
    const unfinished = await this.#finish(left, began + this.#landingMs);
    stopSaying();
    this.#report(clock.now() - began, unfinished);
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
    for (const block of this.#others) {
      // guard: B1 inits follow one another
      // guard: N1 what was landed before does not boot
      const failure = this.#cause ? undefined : await block.initialise();
      // guard: B3 a block whose init failed gets no finish
      if (block.isReady) this.#initialised.push(block);
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

  /** Nobody will ever take what is in the mailboxes of blocks that did not fly. */
  #closeMailboxes(): void {
    const flown = this.#flown ? this.#initialised : [];
    for (const block of this.#others) if (!flown.includes(block)) block.closeMailbox();
  }

  /** Resolves at an instant at which every `onLanding` has ended and all mailboxes are idle (L2). */
  async #stopIntakeAndDrain(): Promise<void> {
    await this.quiesce();
    await this.idle();
  }

  /** Finishes block by block, the last one first, each with its share of the time that is left (L2, L3). Resolves with what did not end. */
  async #finish(left: ActiveBlock[], deadline: number): Promise<Unfinished[]> {
    const unfinished: Unfinished[] = [];
    for (let block = left[0]; block; block = left[0]) {
      const after = this.#flown ? 'flight' : 'init';
      // guard: L3 each block has its share of the time
      unfinished.push(...(await block.finish(after, (deadline - this.plan.clock.now()) / left.length)));
      left.shift();
    }
    const notInitialised = this.#others.filter((block) => !this.#initialised.includes(block));
    // guard: L4 what a block whose init failed left under way is named
    unfinished.push(...notInitialised.flatMap((block) => block.hanging()));
    await this.#initiator.idle();
    // guard: M5 no question is open after the landing
    this.close();
    return unfinished;
  }

  #report(tookMs: number, unfinished: readonly Unfinished[]): void {
    const blocks = [...this.blocks.values()].map((block) => block.status());
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
      this.#flown = true;
      this.emit({ type: 'launching' });
      // guard: F1 every run is entered in one go
      for (const block of this.#initialised) block.run();
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
   * Begins to land, within `withinMs` if that is sooner than its own deadline (L1). False when it has begun before: then it does nothing (B4).
   */
  land(cause: LandingCause, withinMs: number = Infinity): boolean {
    // guard: B4 a landing begins once
    if (this.#cause) return false;
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
    // guard: L2 intake stops in reverse
    // guard: N3 what does not fly has nothing to stop
    const blocks = this.#flown ? this.#initialised.toReversed() : [];
    // guard: N3 onLanding is called once
    return (this.#quiesced ??= Promise.all(blocks.map((block) => block.stopIntake())).then(() => {}));
  }

  /** Closes all mailboxes and leaves no timer: after the landing, or because it will never fly. Open questions get an answer. */
  close(): void {
    for (const block of this.blocks.values()) block.closeMailbox();
    this.addresses.questions.close();
  }

  get isIdle(): boolean {
    return areIdle([...this.blocks.values()]);
  }

  /** Resolves at an instant at which all mailboxes are idle. */
  idle(): Promise<void> {
    return allIdle([...this.blocks.values()]);
  }

  get phase(): FailureInPhase['phase'] {
    if (this.#cause) return 'landing';
    if (this.#state === 'preparing') return 'boot';
    // guard: N3 what fails after that is in the report
    return this.landing.aborted ? 'landing' : 'flight';
  }

  /** Has all blocks learn of the server connection (S4). */
  readonly setConnection = (link: ServerConnection | undefined): void =>
    this.#initialised.forEach((block) => block.setConnection(link));

  /** What the blocks measure (F6). */
  metrics(): readonly BlockMetrics[] {
    return this.#others.map((block) => ({ block: block.descriptor, metrics: block.metrics() }));
  }

  status(): FlightStatus {
    const connection = this.blocks.has(CONNECTOR) ? this.#emitter.connection : 'none';
    return { state: this.#state, connection, blocks: this.#others.map((block) => block.status()) };
  }

  /** All blocks but the initiator itself. */
  get #others(): ActiveBlock[] {
    return [...this.blocks.values()].filter((block) => block !== this.#initiator);
  }
}
