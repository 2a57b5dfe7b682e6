import { ActiveBlock, type FlightControl } from './active-block.js';
import type { Callback, Logger } from './block.js';
import { initialise, type BootPlan, type CrewMember } from './boot.js';
import type { Clock } from './clock.js';
import { describe, FINISHER, INITIATOR, type BlockDescriptor } from './descriptor.js';
import { SputnikError, textOf } from './errors.js';
import type { EventListener, Failure, FlightStatus, LandingCause, LandingReport, SputnikEvent } from './events.js';
import { initiatorBlock } from './initiator-block.js';
import { descend } from './landing.js';
import { Logbook } from './logbook.js';
import { Pacer } from './pacer.js';

/** What the initiator has to know of the flight. */
export interface FlightPlan extends BootPlan {
  readonly log: Logger;
  readonly onEvent: EventListener;
  readonly hasServer: boolean;
}

/** The infrastructure block that dispatches all others: the one owner of a flight's state. */
export class Initiator implements FlightControl {
  readonly clock: Clock;
  readonly log: Logger;
  readonly pacer: Pacer = new Pacer();
  readonly landing: AbortSignal;
  readonly landed: Promise<LandingReport>;
  readonly #plan: FlightPlan;
  readonly #logbook: Logbook;
  readonly #self: ActiveBlock;
  readonly #addresses = new Map<string, ActiveBlock>();
  /** Initialised blocks, in that order. */
  readonly #ready: ActiveBlock[] = [];
  readonly #landing = new AbortController();
  #settleLanded!: (report: LandingReport) => void;
  #state: FlightStatus['state'] = 'preparing';
  #launched = false;
  #flown = false;
  #cause: LandingCause | undefined;
  /** The failure that led to the landing. */
  #fatal: Failure | undefined;

  constructor(plan: FlightPlan) {
    this.#plan = plan;
    this.clock = plan.clock;
    this.log = plan.log;
    this.landing = this.#landing.signal;
    this.landed = new Promise((resolve) => (this.#settleLanded = resolve));
    this.#self = new ActiveBlock(describe(INITIATOR), this);
    this.#self.equip(initiatorBlock((asker) => this.landFor(asker, undefined)));
    this.enlist(this.#self);
    this.#logbook = new Logbook(plan.onEvent, plan.hasServer ? 'idle' : 'none', (error) =>
      this.#landAfter({ block: this.#self.descriptor, callback: 'onEvent', error }),
    );
  }

  /** Makes a block known under its address. */
  enlist(active: ActiveBlock): void {
    this.#addresses.set(active.descriptor.responsibility, active);
  }

  find(responsibility: string): ActiveBlock | undefined {
    return this.#addresses.get(responsibility);
  }

  /** Initialises all, one at a time, in order. Rejects with INIT_FAILED or ABORTED after the rollback (B1, B3, B5). */
  async boot(crew: readonly CrewMember[]): Promise<void> {
    for (const member of crew) {
      const failure = await initialise(member, this.#plan, (event) => this.emit(event));
      if (!failure) this.#ready.push(member.active);
      if (!failure && !this.#cause) continue;
      const code = this.#cause ? 'ABORTED' : 'INIT_FAILED';
      if (failure) this.#landAfter(failure);
      const report = await this.#descend();
      const cause = failure ? failure.error : report.cause.reason;
      throw new SputnikError(code, failure && textOf(failure.error), { ...failure, cause, report });
    }
    this.#state = 'prepared';
  }

  /** Flies until landed (F1, F3, F4). */
  async launch(): Promise<LandingReport> {
    if (this.#launched) throw new SputnikError('ALREADY_LAUNCHED');
    this.#launched = true;
    if (!this.#cause) this.#fly();
    const report = await this.landed;
    if (!this.#fatal) return report;
    const { block, callback, error: cause } = this.#fatal;
    throw new SputnikError('BLOCK_FAILED', textOf(cause), { block, callback, cause, report });
  }

  /** Begins to land, unless it has begun (L1, B4). */
  land(cause: LandingCause): void {
    if (this.#cause) return;
    this.#cause = cause;
    this.emit({ type: 'landing', cause });
    this.#landing.abort();
    // Later: whoever asked may be in the midst of entering all runs.
    if (this.#state !== 'preparing') void Promise.resolve().then(() => this.#descend());
  }

  landFor(block: BlockDescriptor, reason: unknown): void {
    this.land({ kind: block.responsibility === FINISHER ? 'signal' : 'block', block, reason });
  }

  failed(active: ActiveBlock, callback: Callback, error: unknown, mayLand: boolean): void {
    const failure = { block: active.descriptor, callback, error };
    const decision = mayLand && !this.#cause ? this.#judge(active, failure) : 'continue';
    this.emit({ type: 'failed', ...failure, decision });
    if (decision === 'shutdown') this.#landAfter(failure);
    else if (mayLand && this.#cause) this.#logbook.collect(failure);
  }

  emit(event: SputnikEvent): void {
    this.#logbook.emit(event);
  }

  connected(connection: unknown): void {
    for (const active of this.#ready) active.connected(connection);
  }

  disconnected(): void {
    for (const active of this.#ready) active.disconnected();
  }

  status(): FlightStatus {
    const blocks = [...this.#addresses.values()].filter((active) => active !== this.#self);
    return {
      state: this.#state,
      connection: this.#logbook.connection,
      blocks: blocks.map((active) => active.status()),
    };
  }

  /** Enters every run in one go, and keeps the process alive until landed (F1, F5). */
  #fly(): void {
    this.#state = 'flying';
    this.#flown = true;
    const alive = setInterval(() => {}, 2 ** 30);
    void this.landed.then(() => clearInterval(alive));
    this.emit({ type: 'launching' });
    for (const active of [this.#self, ...this.#ready]) active.run();
    this.emit({ type: 'launched' });
  }

  #judge(active: ActiveBlock, { block, callback, error }: Failure): 'continue' | 'shutdown' {
    try {
      return active.judge(error, callback);
    } catch (broken) {
      const failure: Failure = { block, callback: 'onError', error: broken };
      this.#logbook.collect(failure);
      this.emit({ type: 'failed', ...failure, decision: 'shutdown' });
      return 'shutdown';
    }
  }

  #landAfter(failure: Failure): void {
    this.#logbook.collect(failure);
    if (!this.#cause) this.#fatal = failure;
    this.land({ kind: 'failure', block: failure.block, reason: failure.error });
  }

  async #descend(): Promise<LandingReport> {
    const began = this.clock.now();
    this.#state = 'landing';
    const unfinished = await descend(this.#ready, this.#flown, this.#plan, (event) => this.emit(event));
    this.#self.mailbox?.abandon();
    this.#state = 'landed';
    if (this.#plan.hasServer) this.#logbook.connection = 'disconnected';
    const dropped = this.#ready
      .map((active) => ({ block: active.descriptor, count: active.status().dropped }))
      .filter(({ count }) => count > 0);
    const cause = this.#cause as LandingCause;
    const outcome = { cause, tookMs: this.clock.now() - began, unfinished, dropped };
    this.emit({ type: 'landed', report: this.#logbook.report(outcome) });
    // Again, since the listener may just have failed.
    const report = this.#logbook.report(outcome);
    this.#settleLanded(report);
    return report;
  }
}
