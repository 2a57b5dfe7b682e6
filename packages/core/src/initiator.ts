import { makeAbortController } from './abort.js';
import { ActiveBlock, type FlightControl } from './active-block.js';
import type { Callback, Logger } from './block.js';
import { initialise, type CrewMember } from './boot.js';
import type { Clock } from './clock.js';
import { describe, FINISHER, INITIATOR, type BlockDescriptor } from './descriptor.js';
import { SputnikError, textOf } from './errors.js';
import type {
  ConnectionState,
  EventListener,
  Failure,
  FlightStatus,
  LandingCause,
  LandingReport,
  SputnikEvent,
} from './events.js';
import { initiatorBlock } from './initiator-block.js';
import { descend } from './landing.js';
import { Pacer } from './pacer.js';

/** What the initiator has to know of the flight. */
export interface FlightPlan {
  readonly clock: Clock;
  readonly log: Logger;
  readonly onEvent: EventListener;
  readonly hasServer: boolean;
  readonly initMs: number;
  readonly landingMs: number;
}

/** The infrastructure block that dispatches all others: the one owner of a flight's state. */
export class Initiator implements FlightControl {
  readonly plan: FlightPlan;
  readonly pacer: Pacer = new Pacer();
  readonly landing: AbortSignal;
  readonly landed: Promise<LandingReport>;
  /** All blocks by their addresses; the initiator itself is one. */
  readonly blocks: Map<string, ActiveBlock> = new Map();
  readonly #self: ActiveBlock;
  /** Initialised blocks, in that order. */
  readonly #ready: ActiveBlock[] = [];
  readonly #landing = makeAbortController();
  readonly #failures: (Failure & { count: number })[] = [];
  #settleLanded!: (report: LandingReport) => void;
  #state: FlightStatus['state'] = 'preparing';
  #connection: ConnectionState;
  #launched = false;
  #flown = false;
  #cause: LandingCause | undefined;
  /** The failure that led to the landing. */
  #fatal: Failure | undefined;

  constructor(plan: FlightPlan) {
    this.plan = plan;
    this.landing = this.#landing.signal;
    this.landed = new Promise((resolve) => (this.#settleLanded = resolve));
    this.#connection = plan.hasServer ? 'idle' : 'none';
    this.#self = new ActiveBlock(describe(INITIATOR), this);
    this.#self.equip(initiatorBlock((asker) => this.landFor(asker, undefined)));
    this.blocks.set(INITIATOR, this.#self);
    this.#self.run();
  }

  /** Initialises all, one at a time, in order. Rejects with INIT_FAILED or ABORTED after the rollback (B1, B3, B5). */
  async boot(crew: readonly CrewMember[]): Promise<void> {
    for (const member of crew) {
      const { ready, failure } = await initialise(member, this.plan, this.emit);
      if (ready) this.#ready.push(member.active);
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
    if (decision === 'shutdown') this.#fatal ??= failure;
    this.emit({ type: 'failed', ...failure, decision });
    if (decision === 'shutdown') this.#landAfter(failure);
    else if (mayLand && this.#cause) this.#collect(failure);
  }

  /** Tells the listener. What that throws lands the satellite (F3). */
  readonly emit = (event: SputnikEvent): void => {
    if (event.type === 'connecting' || event.type === 'connected' || event.type === 'disconnected') {
      this.#connection = event.type;
    }
    const failed = (error: unknown): void =>
      this.#landAfter({ block: this.#self.descriptor, callback: 'onEvent', error });
    try {
      const told = this.plan.onEvent(event) as unknown;
      if (told instanceof Promise) told.catch(failed);
    } catch (error) {
      failed(error);
    }
  };

  connected(connection: unknown): void {
    for (const { server } of this.#ready) server.connected(connection);
  }

  disconnected(): void {
    for (const { server } of this.#ready) server.disconnected();
  }

  status(): FlightStatus {
    const blocks = [...this.blocks.values()].filter((active) => active !== this.#self);
    return { state: this.#state, connection: this.#connection, blocks: blocks.map((active) => active.status()) };
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
    const cause = this.#cause as LandingCause;
    const blocks = [...this.blocks.values()];
    const grounded = blocks.filter((active) => active !== this.#self && !this.#ready.includes(active));
    // Nobody will ever take what is in the mailboxes of those that did not fly.
    for (const { mailbox } of this.#flown ? grounded : [...grounded, ...this.#ready]) mailbox?.close();
    const { tookMs, unfinished } = await descend(this.#ready, this.#flown, this.plan, this.emit);
    await this.#self.mailbox?.idle();
    this.#self.mailbox?.close();
    unfinished.push(...grounded.flatMap((active) => active.hanging()));
    const dropped = blocks
      .map(({ descriptor: block, mailbox }) => ({ block, count: mailbox?.counts.dropped ?? 0 }))
      .filter(({ count }) => count > 0);
    this.#state = 'landed';
    if (this.plan.hasServer) this.#connection = 'disconnected';
    const report = (): LandingReport => {
      const failures = this.#failures.map((failure) => ({ ...failure }));
      const clean = failures.length + unfinished.length + dropped.length === 0;
      return { cause, clean, tookMs, unfinished, failures, dropped };
    };
    this.emit({ type: 'landed', report: report() });
    // Made again, since the listener may just have failed.
    this.#settleLanded(report());
    return this.landed;
  }
}
