import { anySignal, makeAbortController } from './abort.js';
import { ActiveBlock, type FlightControl, type FlightPlan } from './active-block.js';
import type { Callback } from './block.js';
import { initialise } from './boot.js';
import { CONNECTOR, describe, INITIATOR } from './descriptor.js';
import { SputnikError, textOf } from './errors.js';
import type { Failure, FlightStatus, LandingCause, LandingReport, SputnikEvent } from './events.js';
import { initiatorBlock } from './initiator-block.js';
import { descend } from './landing.js';
import { Pacer } from './pacer.js';
import type { Link } from './server-lane.js';

/** The infrastructure block that dispatches all others: the one owner of a flight's state. */
export class Initiator implements FlightControl {
  readonly plan: FlightPlan;
  readonly pacer: Pacer = new Pacer();
  /** All blocks by their addresses; the first is the initiator itself. */
  readonly blocks: Map<string, ActiveBlock> = new Map();
  readonly landing: AbortSignal;
  readonly landingSoon: AbortSignal;
  readonly landed: Promise<LandingReport>;
  readonly #self: ActiveBlock;
  /** Initialised blocks, in that order. */
  readonly #ready: ActiveBlock[] = [];
  readonly #landing = makeAbortController();
  readonly #failures: (Failure & { count: number })[] = [];
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
    this.landing = this.#landing.signal;
    this.landingSoon = plan.landingSoon ? anySignal(this.landing, plan.landingSoon) : this.landing;
    this.landed = new Promise((resolve) => (this.#settleLanded = resolve));
    this.#self = new ActiveBlock(describe(INITIATOR), this);
    this.#self.equip(initiatorBlock((asker) => this.land({ kind: 'block', block: asker, reason: undefined })));
    this.blocks.set(INITIATOR, this.#self);
    this.#self.run();
  }

  /** Initialises all, one at a time, in order. Rejects with INIT_FAILED or ABORTED after the rollback (B1, B3, B5). */
  async boot(): Promise<void> {
    for (const active of this.#crew) {
      const { ready, failure } = await initialise(active);
      if (ready) this.#ready.push(active);
      if (ready && !this.#cause) continue;
      const code = this.#cause ? 'ABORTED' : 'INIT_FAILED';
      if (failure) this.#landAfter(failure);
      const report = await this.#descend();
      const cause = failure ? failure.error : report.cause.reason;
      throw new SputnikError(code, failure && textOf(failure.error), { ...failure, cause, report });
    }
    this.#state = 'prepared';
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
      for (const active of this.#ready) active.run();
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
    if (this.#state !== 'preparing') void Promise.resolve().then(() => this.#descend());
  }

  failed(active: ActiveBlock, callback: Callback, error: unknown, mayLand: boolean): void {
    const failure = { block: active.descriptor, callback, error };
    const decision = mayLand && !this.#cause ? this.#judge(active, failure) : 'continue';
    if (decision === 'shutdown') this.#fatal ??= failure;
    this.emit({ type: 'failed', ...failure, decision });
    if (decision === 'shutdown') this.#landAfter(failure);
    // A message that failed is lost, if the flight goes on or not: nobody else will tell (L4).
    else if (mayLand && (this.#cause || callback === 'onMsg')) this.#collect(failure);
  }

  /** Tells the listener. What that throws lands the satellite (F3). */
  readonly emit = (event: SputnikEvent): void => {
    if (event.type === 'connecting' || event.type === 'connected' || event.type === 'disconnected') {
      this.#connection = event.type;
    }
    const { descriptor: block } = this.#self;
    const failed = (error: unknown): void => this.#landAfter({ block, callback: 'onEvent', error });
    try {
      const told = this.plan.onEvent(event) as unknown;
      if (told instanceof Promise) told.catch(failed);
    } catch (error) {
      failed(error);
    }
  };

  /** Tells all blocks of the server connection (S4). */
  readonly tellServer = (link: Link | undefined): void => this.#ready.forEach(({ server }) => server.set(link));

  status(): FlightStatus {
    const connection = this.blocks.has(CONNECTOR) ? this.#connection : 'none';
    return { state: this.#state, connection, blocks: this.#crew.map((active) => active.status()) };
  }

  /** All blocks but the initiator itself. */
  get #crew(): ActiveBlock[] {
    return [...this.blocks.values()].slice(1);
  }

  #judge(active: ActiveBlock, { block, callback, error }: Failure): 'continue' | 'shutdown' {
    try {
      return active.judge(error, callback);
    } catch (broken) {
      this.#collect({ block, callback: 'onError', error: broken });
      this.emit({ type: 'failed', block, callback: 'onError', error: broken, decision: 'shutdown' });
      return 'shutdown';
    }
  }

  #landAfter(failure: Failure): void {
    this.#collect(failure);
    if (!this.#cause) this.#fatal = failure;
    this.land({ kind: 'failure', block: failure.block, reason: failure.error });
  }

  /** Failures of the same block and callback are counted, not listed: a mailbox may be full of them. */
  #collect(failure: Failure): void {
    const same = this.#failures.find((known) => known.block === failure.block && known.callback === failure.callback);
    if (same) same.count++;
    else this.#failures.push({ ...failure, count: 1 });
  }

  async #descend(): Promise<LandingReport> {
    this.#state = 'landing';
    const began = this.plan.clock.now();
    const grounded = this.#crew.filter((active) => !this.#ready.includes(active));
    // Nobody will ever take what is in the mailboxes of those that did not fly.
    for (const { mailbox } of this.#flown ? grounded : this.#crew) mailbox?.close();
    const unfinished = await descend(this.#ready, this.#flown, this);
    await this.#self.mailbox?.idle();
    this.#self.mailbox?.close();
    const tookMs = this.plan.clock.now() - began;
    unfinished.push(...grounded.flatMap((active) => active.hanging()));
    const counts = [...this.blocks.values()].map((active) => [active.descriptor, active.status().dropped] as const);
    const dropped = counts.flatMap(([block, count]) => (count > 0 ? { block, count } : []));
    this.#state = 'landed';
    this.#connection = 'disconnected';
    const report = (): LandingReport => {
      const failures = this.#failures.map((failure) => ({ ...failure }));
      const clean = failures.length + unfinished.length + dropped.length === 0;
      return { cause: this.#cause as LandingCause, clean, tookMs, unfinished, failures, dropped };
    };
    this.emit({ type: 'landed', report: report() });
    // Made again, since the listener may just have failed.
    this.#settleLanded(report());
    return this.landed;
  }
}
