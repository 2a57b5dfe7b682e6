import { guarded, isAbortError, makeAbortController } from './abort.js';
import type { AnyBlock, BlockCommunicator, BlockContext, Callback, Logger } from './block.js';
import { settles, type Clock } from './clock.js';
import { communicatorOn, type Peer } from './communicator.js';
import { confFactory, type ConfigSource } from './config.js';
import { FINISHER, type BlockDescriptor } from './descriptor.js';
import { SputnikError } from './errors.js';
import type { BlockState, BlockStatus, EventListener, LandingCause, Unfinished } from './events.js';
import { Mailbox } from './mailbox.js';
import type { Pacer } from './pacer.js';
import { ServerLane } from './server-lane.js';
import { noCounts } from './workers.js';

/** What has to be known of a flight. */
export interface FlightPlan {
  readonly clock: Clock;
  readonly log: Logger;
  readonly source: ConfigSource;
  readonly onEvent: EventListener;
  readonly initMs: number;
  readonly landingMs: number;
  /** Aborts when somebody outside announces the landing. */
  readonly landingSoon?: AbortSignal | undefined;
}

/** What blocks need of the initiator. */
export interface FlightControl {
  readonly plan: FlightPlan;
  readonly pacer: Pacer;
  readonly landing: AbortSignal;
  readonly landingSoon: AbortSignal;
  readonly blocks: ReadonlyMap<string, ActiveBlock>;
  readonly emit: EventListener;
  /** Begins to land, unless it has begun (L1, B4). */
  land(cause: LandingCause): void;
  /** User code failed. `mayLand` is false where a failure is only to be told. */
  failed(block: ActiveBlock, callback: Callback, error: unknown, mayLand: boolean): void;
}

/** A live block: its lanes (`run`, messages, server), which are independent of each other, and its finish. */
export class ActiveBlock implements Peer {
  readonly descriptor: BlockDescriptor;
  readonly control: FlightControl;
  readonly context: BlockContext;
  mailbox: Mailbox<BlockCommunicator> | undefined;
  readonly server: ServerLane = new ServerLane((link) =>
    link
      ? this.#enter('onServerConnect', () => this.#block.onServerConnect?.(link.connection, this.context))
      : this.#enter('onServerDisconnect', () => this.#block.onServerDisconnect?.(this.context)),
  );
  readonly #abort = makeAbortController();
  readonly #handles = new Map<Peer, BlockCommunicator>();
  /** User code under way, beside messages. */
  readonly #underWay = new Map<Promise<void>, Callback>();
  #block: Partial<AnyBlock> = {};
  #state: BlockState = 'made';

  constructor(descriptor: BlockDescriptor, control: FlightControl) {
    this.descriptor = descriptor;
    this.control = control;
    const { clock, log } = control.plan;
    const kind = descriptor.responsibility === FINISHER ? 'signal' : 'block';
    this.context = {
      descriptor,
      clock,
      log: log.child?.({ block: descriptor.responsibility }) ?? log,
      landingSoon: control.landingSoon,
      landing: control.landing,
      signal: this.#abort.signal,
      land: (reason) => control.land({ kind, block: descriptor, reason }),
      waitUntil: (work) => void this.#enter('waitUntil', () => work),
    };
  }

  /** Gives the address its block. */
  equip(block: Partial<AnyBlock>): void {
    this.#block = block;
    const handle = block.onMsg?.bind(block);
    if (!handle) return;
    const { context, control, descriptor } = this;
    const recipient = {
      handle: (msg: object, from: BlockCommunicator) => handle(msg, from, context) as unknown,
      failed: (error: unknown, asked: boolean) => this.#failed('onMsg', error, !asked),
      dropped: (count: number) => control.emit({ type: 'dropped', block: descriptor, count }),
    };
    this.mailbox = new Mailbox(recipient, control.pacer, block.mailbox);
  }

  handleOn(peer: Peer): BlockCommunicator {
    let handle = this.#handles.get(peer);
    if (!handle) this.#handles.set(peer, (handle = communicatorOn(peer, this)));
    return handle;
  }

  /** Rejects with what `init` throws. */
  async init(): Promise<void> {
    this.#state = 'initializing';
    await this.#block.init?.(confFactory(this.control.plan.source), this.context);
    this.#state = 'ready';
  }

  /** Enters `run`; from then on messages and the connection reach the block (F2). */
  run(): void {
    this.#state = 'running';
    void this.#enter('run', () => this.#block.run?.(this.handleOn(this), this.context));
    this.mailbox?.open();
    this.server.open(true);
  }

  land(): Promise<void> {
    return this.#enter('onLanding', () => this.#block.onLanding?.(this.context));
  }

  /** Gives up: what waits with the block's signal ends. */
  abort(): void {
    this.#abort.abort();
  }

  /**
   * Lets the mailbox drain, half of `budgetMs` at most; then closes it, aborts the signal, and awaits `finish` together
   * with all that is under way (L2, L3). Resolves with the callbacks that did not end (L4).
   */
  async finish(init: boolean, budgetMs: number): Promise<Unfinished[]> {
    const { clock } = this.context;
    const end = clock.now() + budgetMs;
    const drained = init ? 0 : end - budgetMs / 2;
    // Again, since something may have come in between the instant of idleness and this one.
    while (this.mailbox?.isIdle === false && clock.now() < drained) {
      await settles(clock, this.mailbox.idle(), drained - clock.now());
    }
    this.control.emit({ type: 'finishing', block: this.descriptor });
    this.#state = 'finishing';
    this.server.open(false);
    this.mailbox?.close();
    this.abort();
    void this.#enter('finish', () => this.#block.finish?.(init, this.context));
    await settles(clock, this.#quiet(), Math.max(0, end - clock.now()));
    const hanging = this.hanging();
    this.mailbox?.abandon();
    this.#state = 'finished';
    this.control.emit({ type: 'finished', block: this.descriptor });
    return hanging;
  }

  /** The callbacks under way. */
  hanging(): Unfinished[] {
    const callbacks = new Set(this.#underWay.values());
    if (this.mailbox?.busy) callbacks.add('onMsg');
    return [...callbacks].map((callback) => ({ block: this.descriptor, callback }));
  }

  /** What the block wants done about a failure of its own (F3). */
  judge(error: unknown, where: Callback): 'continue' | 'shutdown' {
    return this.#block.onError?.(error, where, this.context) === 'continue' ? 'continue' : 'shutdown';
  }

  status(): BlockStatus {
    const { depth = 0, counts = noCounts() } = this.mailbox ?? {};
    return { ...this.descriptor, state: this.#state, depth, ...counts };
  }

  /** Runs user code; resolves when it has ended, its failure told. */
  #enter(callback: Callback, code: () => unknown): Promise<void> {
    const fail = (error: unknown): void => void this.#failed(callback, error, true);
    const work = (async () => void (await code()))().catch(fail);
    this.#underWay.set(work, callback);
    return work.finally(() => this.#underWay.delete(work));
  }

  async #quiet(): Promise<void> {
    while (this.hanging().length > 0) await Promise.all([...this.#underWay.keys(), this.mailbox?.idle()]);
  }

  /** False if it is no failure but obedience: giving up when told to (F3). */
  #failed(callback: Callback, error: unknown, mayLand: boolean): boolean {
    const isAborted = guarded(() => error instanceof SputnikError && error.code === 'ASK_ABORTED', false);
    const cause = isAborted ? (error as SputnikError).cause : error;
    const obeys = isAbortError(cause) && (this.context.signal.aborted || this.context.landing.aborted);
    if (!obeys) this.control.failed(this, callback, error, mayLand);
    return !obeys;
  }
}
