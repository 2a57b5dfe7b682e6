import { anySignal, isAbortError, makeAbortController } from './abort.js';
import { ActiveBlock } from './active-block.js';
import { Callbacks, type FlightControl, type FlightPlan } from './callbacks.js';
import { settles } from './clock.js';
import { Communicators } from './communicator.js';
import { Deadlines } from './deadlines.js';
import { CONNECTOR, describe, INITIATOR, type BlockDescriptor } from './descriptor.js';
import { SputnikError, textOf } from './errors.js';
import type { Failure, FlightStatus, LandingCause, LandingReport, SputnikEvent, Unfinished } from './events.js';
import { decide, type FailureInPhase } from './failure.js';
import { initiatorBlock } from './initiator-block.js';
import { Pacer } from './pacer.js';
import { Report } from './report.js';
import type { Link } from './server-lane.js';

const DRAIN_SHARE = 0.6;
const SAY_EVERY_MS = 5_000;

/** A flight, the one owner of its state: boot, fly, stop intake, drain, finish, report, in the order of docs/lifecycle.md. */
export class ActiveFlight implements FlightControl {
  readonly plan: FlightPlan;
  readonly pacer: Pacer = new Pacer();
  readonly deadlines: Deadlines;
  readonly descriptors: Map<string, BlockDescriptor> = new Map();
  /** All blocks by their addresses, in the order of their init; the initiator, which has none, aside. */
  readonly blocks: Map<string, ActiveBlock> = new Map();
  readonly communicators: Communicators;
  readonly landing: AbortSignal;
  readonly landingSoon: AbortSignal;
  readonly landed: Promise<LandingReport>;
  readonly #initiator: ActiveBlock;
  readonly #initialised: ActiveBlock[] = [];
  readonly #landing = makeAbortController();
  readonly #report = new Report();
  #settleLanded!: (report: LandingReport) => void;
  #state: FlightStatus['state'] = 'preparing';
  #connection: FlightStatus['connection'] = 'idle';
  #launched = false;
  #flown = false;
  #cause: LandingCause | undefined;
  /** The failure that led to the landing. */
  #fatal: Failure | undefined;

  constructor(plan: FlightPlan) {
    this.plan = plan;
    this.deadlines = new Deadlines(plan.clock);
    this.communicators = new Communicators(this);
    this.landing = this.#landing.signal;
    this.landingSoon = plan.landingSoon ? anySignal(this.landing, plan.landingSoon) : this.landing;
    this.landed = new Promise((resolve) => (this.#settleLanded = resolve));
    const descriptor = describe(INITIATOR);
    const block = initiatorBlock((asker) => this.land({ kind: 'block', block: asker, reason: undefined }));
    this.#initiator = new ActiveBlock(block, new Callbacks(descriptor, this), this);
    this.descriptors.set(INITIATOR, descriptor);
    this.blocks.set(INITIATOR, this.#initiator);
    this.#initiator.run();
  }

  /** It will never fly: whoever asked in the making gets an answer, and no timer is left. */
  discard(): void {
    for (const { mailbox } of this.blocks.values()) mailbox?.close();
    this.deadlines.close();
  }

  /** Initialises all, one at a time, in order. Rejects with INIT_FAILED or ABORTED after the rollback (B1, B3, B5). */
  async boot(): Promise<void> {
    for (const block of this.#others) {
      const failure = await this.#initialise(block);
      if (!failure && !this.#cause) continue;
      const code = this.#cause ? 'ABORTED' : 'INIT_FAILED';
      if (failure) this.#landAfter(failure, 1);
      const report = await this.#land();
      const cause = failure ? failure.error : report.cause.reason;
      throw new SputnikError(code, failure && textOf(failure.error), { ...failure, cause, report });
    }
    this.#state = 'prepared';
  }

  /**
   * One that is not ready gets no `finish`, only its signal aborts; if its `init` succeeds after the deadline after all, it is finished
   * then (B3). Giving up since landing began is no failure (F3).
   */
  async #initialise(active: ActiveBlock): Promise<Failure | undefined> {
    const { clock, initMs, landingMs } = this.plan;
    const { descriptor: block } = active;
    const tell = (error: unknown): void =>
      this.emit({ type: 'failed', block, callback: 'init', error, decision: 'shutdown' });
    this.emit({ type: 'initializing', block });
    const work = active.init();
    const inTime = await settles(clock, work, initMs);
    try {
      if (!inTime) throw new SputnikError('TIMEOUT', `not initialised within ${initMs} ms`);
      await work;
      this.emit({ type: 'initialized', block });
      this.#initialised.push(active);
      return undefined;
    } catch (error) {
      active.abort();
      if (!inTime)
        void work.then(
          () => active.finish(true, landingMs),
          (late) => isAbortError(late) || tell(late),
        );
      if (isAbortError(error) && this.landing.aborted) return undefined;
      tell(error);
      return { block, callback: 'init', error };
    }
  }

  /** Flies until landed: enters every run in one go, and keeps the process alive (F1, F3, F4, F5). */
  async launch(): Promise<LandingReport> {
    if (this.#launched) throw new SputnikError('ALREADY_LAUNCHED');
    this.#launched = true;
    const alive = setInterval(() => {}, 2 ** 30);
    if (!this.#cause) {
      this.#state = 'flying';
      this.#flown = true;
      this.emit({ type: 'launching' });
      for (const block of this.#initialised) block.run();
      this.emit({ type: 'launched' });
    }
    const report = await this.landed;
    clearInterval(alive);
    if (!this.#fatal) return report;
    const { error: cause, ...where } = this.#fatal;
    throw new SputnikError('BLOCK_FAILED', textOf(cause), { ...where, cause, report });
  }

  land(cause: LandingCause): void {
    if (this.#cause) return;
    this.#cause = cause;
    this.emit({ type: 'landing', cause });
    this.#landing.abort();
    // Later: whoever asked may be in the midst of entering all runs.
    if (this.#state !== 'preparing') void Promise.resolve().then(() => this.#land());
  }

  /** Lands: what was not launched is not drained, and is finished with `init` true (B3, B4, L2 to L4). */
  async #land(): Promise<LandingReport> {
    const { clock, landingMs } = this.plan;
    this.#state = 'landing';
    const began = clock.now();
    /** Blocks still to finish, the last one first. */
    const left = this.#initialised.toReversed();
    const notInitialised = this.#others.filter((block) => !left.includes(block));
    // Nobody will ever take what is in the mailboxes of those that did not fly.
    for (const { mailbox } of this.#flown ? notInitialised : this.#others) mailbox?.close();
    const stopSaying = this.#sayWhoHangs(left);
    if (this.#flown) await settles(clock, this.#stopIntakeAndDrain(left), landingMs * DRAIN_SHARE);
    const unfinished = await this.#finish(left, began + landingMs);
    stopSaying();
    unfinished.push(...notInitialised.flatMap((block) => block.hanging()));
    await this.#initiator.mailbox?.idle();
    this.#initiator.mailbox?.close();
    this.deadlines.close();
    return this.#tellLanded(clock.now() - began, unfinished);
  }

  /** Resolves at an instant at which every `onLanding` has ended and all mailboxes are idle. */
  async #stopIntakeAndDrain(blocks: readonly ActiveBlock[]): Promise<void> {
    await Promise.all(blocks.map((block) => block.stopIntake()));
    const mailboxes = blocks.flatMap(({ mailbox }) => mailbox ?? []);
    while (!mailboxes.every(({ isIdle }) => isIdle)) await Promise.all(mailboxes.map((mailbox) => mailbox.idle()));
  }

  /** Finishes block by block, each with its share of the time that is left. Resolves with what did not end. */
  async #finish(left: ActiveBlock[], deadline: number): Promise<Unfinished[]> {
    const unfinished: Unfinished[] = [];
    for (let block = left[0]; block; block = left[0]) {
      unfinished.push(...(await block.finish(!this.#flown, (deadline - this.plan.clock.now()) / left.length)));
      left.shift();
    }
    return unfinished;
  }

  #sayWhoHangs(left: readonly ActiveBlock[]): () => void {
    const done = new AbortController();
    const say = async (): Promise<void> => {
      for await (const _ of this.plan.clock.every(SAY_EVERY_MS, done.signal))
        this.emit({ type: 'waiting', for: left.flatMap((block) => block.hanging()) });
    };
    void say();
    return () => done.abort();
  }

  #tellLanded(tookMs: number, unfinished: readonly Unfinished[]): Promise<LandingReport> {
    const blocks = [...this.blocks.values()].map((block) => block.status());
    this.#state = 'landed';
    this.#connection = 'disconnected';
    const report = (): LandingReport => this.#report.make(this.#cause as LandingCause, tookMs, unfinished, blocks);
    this.emit({ type: 'landed', report: report() });
    // Made again, since the listener may just have failed.
    this.#settleLanded(report());
    return this.landed;
  }

  get phase(): FailureInPhase['phase'] {
    if (this.#cause) return 'landing';
    return this.#state === 'preparing' ? 'boot' : 'flight';
  }

  handle(failure: FailureInPhase): void {
    const { block, callback, error, count } = failure;
    const decision = decide(failure, () => this.#judge(failure));
    if (decision === 'land') this.#fatal ??= failure;
    this.emit({ type: 'failed', block, callback, error, decision: decision === 'land' ? 'shutdown' : 'continue' });
    if (decision === 'land') this.#landAfter(failure, count);
    // The block, or the listener, may have landed meanwhile: what it let pass came during the landing then.
    else if (decide({ ...failure, phase: this.phase }, () => 'continue') === 'record') this.#report.add(failure, count);
  }

  #judge({ block, callback, error }: Failure): 'continue' | 'shutdown' {
    try {
      return this.blocks.get(block.responsibility)?.judge(error, callback) ?? 'shutdown';
    } catch (broken) {
      this.#report.add({ block, callback: 'onError', error: broken }, 1);
      this.emit({ type: 'failed', block, callback: 'onError', error: broken, decision: 'shutdown' });
      return 'shutdown';
    }
  }

  #landAfter({ block, callback, error }: Failure, count: number): void {
    this.#report.add({ block, callback, error }, count);
    if (!this.#cause) this.#fatal = { block, callback, error };
    this.land({ kind: 'failure', block, reason: error });
  }

  /** Tells the listener. What that throws lands the satellite (F3). */
  readonly emit = (event: SputnikEvent): void => {
    if (event.type === 'connecting' || event.type === 'connected' || event.type === 'disconnected') {
      this.#connection = event.type;
    }
    const { descriptor: block } = this.#initiator;
    const failed = (error: unknown): void => this.#landAfter({ block, callback: 'onEvent', error }, 1);
    try {
      const told = this.plan.onEvent(event) as unknown;
      if (told instanceof Promise) told.catch(failed);
    } catch (error) {
      failed(error);
    }
  };

  /** Tells all blocks of the server connection (S4). */
  readonly tellServer = (link: Link | undefined): void =>
    this.#initialised.forEach((block) => block.setConnection(link));

  status(): FlightStatus {
    const connection = this.blocks.has(CONNECTOR) ? this.#connection : 'none';
    return { state: this.#state, connection, blocks: this.#others.map((block) => block.status()) };
  }

  /** All blocks but the initiator itself. */
  get #others(): ActiveBlock[] {
    return [...this.blocks.values()].filter((block) => block !== this.#initiator);
  }
}
