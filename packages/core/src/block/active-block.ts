import { isAbortError } from '../time/abort.js';
import type { AnyBlock, Callback, Idling, Metric } from './block.js';
import type { Callbacks, FlightControl } from './callbacks.js';
import { settles } from '../time/clock.js';
import { confFactory } from '../api/config.js';
import type { BlockDescriptor } from '../api/descriptor.js';
import { SputnikError } from '../api/errors.js';
import type { BlockState, BlockStatus, Failure, Unfinished } from './events.js';
import { allIdle, areIdle } from './idle.js';
import { Mailbox } from '../mailbox/mailbox.js';
import { noCounts, type Recipient } from '../mailbox/outcomes.js';
import { ServerLane, type ServerConnection } from './server-lane.js';

/** A live block: its lanes (`run`, messages, server), which are independent of each other, and its finish. */
export class ActiveBlock {
  readonly #flight: FlightControl;
  readonly #callbacks: Callbacks;
  readonly #block: Partial<AnyBlock>;
  readonly #server: ServerLane;
  /** Absent where the block takes no messages. */
  readonly #mailbox: Mailbox | undefined;
  #state: BlockState = 'made';

  constructor(block: Partial<AnyBlock>, callbacks: Callbacks, flight: FlightControl) {
    const { address, context } = callbacks;
    this.#flight = flight;
    this.#callbacks = callbacks;
    this.#block = block;
    this.#server = new ServerLane((link) =>
      link
        ? callbacks.enter('onServerConnect', () => block.onServerConnect?.(link.connection, context))
        : callbacks.enter('onServerDisconnect', () => block.onServerDisconnect?.(context)),
    );
    this.#mailbox = address.mailbox = this.#makeMailbox();
  }

  #makeMailbox(): Mailbox | undefined {
    const { context, descriptor } = this.#callbacks;
    const [onMsg, onMsgs] = [this.#block.onMsg?.bind(this.#block), this.#block.onMsgs?.bind(this.#block)];
    if (!onMsg && !onMsgs) return undefined;
    const recipient: Recipient = {
      descriptor,
      handle: onMsg && ((msg, from, asker) => onMsg(msg, from, context, asker) as unknown),
      handleAll: onMsgs && ((mails) => onMsgs(mails, context)),
      observer: this.#flight.observer,
      failed: ({ error, asked, msgs }) =>
        this.#callbacks.fail(onMsgs ? 'onMsgs' : 'onMsg', error, { asked, count: msgs.length }),
      unweighable: (error) => void this.#callbacks.fail('weigh', error),
      dropped: (count) => this.#flight.emit({ type: 'dropped', block: descriptor, count }),
    };
    // guard: M6 a flight has one pacer
    return new Mailbox(recipient, this.#flight.pacer, this.#block.mailbox);
  }

  get descriptor(): BlockDescriptor {
    return this.#callbacks.descriptor;
  }

  /** What of it may hold messages: the landing drains these (L2). */
  get #holders(): readonly Idling[] {
    // guard: N3 what a block holds in transit is drained
    return [this.#mailbox, this.#block.transit].filter((holder) => holder !== undefined);
  }

  get isIdle(): boolean {
    return areIdle(this.#holders);
  }

  /** Resolves at an instant at which all that it holds is delivered. */
  idle(): Promise<void> {
    return allIdle(this.#holders);
  }

  /**
   * Initialises it; resolves with why that failed, if it did. One that is not ready gets no `finish`, only its signal aborts; if its `init`
   * succeeds after the deadline after all, it is finished then (B3). Giving up since landing began is no failure (F3).
   */
  async initialise(): Promise<Failure | undefined> {
    const { emit, plan } = this.#flight;
    const { descriptor: block } = this.#callbacks;
    const tell = (error: unknown): void =>
      emit({ type: 'failed', block, callback: 'init', error, decision: 'shutdown', lost: 0 });
    emit({ type: 'initializing', block });
    const work = this.#init();
    // guard: B3 a block may have its own time for init
    const { initMs = plan.initMs } = this.#block;
    const inTime = await settles(plan.clock, work, initMs);
    try {
      // guard: B3 an init has a deadline
      if (!inTime) throw new SputnikError('TIMEOUT', `not initialised within ${initMs} ms`);
      await work;
      emit({ type: 'initialized', block });
      return undefined;
    } catch (error) {
      // guard: B3 a block whose init failed is told to give up
      this.#callbacks.abort();
      // guard: B3 an init that succeeds too late is finished
      // guard: B3 an init that fails too late is told
      if (!inTime)
        void work.then(
          () => this.finish('init', plan.landingMs),
          (late) => isAbortError(late) || tell(late),
        );
      // guard: F3 an init that gives up when it lands is no failure
      if (isAbortError(error) && this.#flight.phase === 'landing') return undefined;
      tell(error);
      return { block, callback: 'init', error };
    }
  }

  /** False where `init` failed, or has not ended. */
  get isReady(): boolean {
    return this.#state === 'ready';
  }

  async #init(): Promise<void> {
    this.#state = 'initializing';
    await this.#block.init?.(confFactory(this.#flight.plan.source), this.#callbacks.context);
    this.#state = 'ready';
  }

  /** Enters `run`; from then on messages and the connection reach the block (F2). */
  run(): void {
    this.#state = 'running';
    const { address } = this.#callbacks;
    const self = address.handleOn(address);
    void this.#callbacks.enter('run', () => this.#block.run?.(self, this.#callbacks.context));
    this.#mailbox?.open();
    this.#server.open();
  }

  /** The connection there is from now on, if any (S4). */
  setConnection(link: ServerConnection | undefined): void {
    this.#server.set(link);
  }

  /** Has it take nothing more in from outside. */
  stopIntake(): Promise<void> {
    return this.#callbacks.enter('onLanding', () => this.#block.onLanding?.(this.#callbacks.context));
  }

  /** Takes no more messages; what waits in the mailbox is dropped. */
  closeMailbox(): void {
    this.#mailbox?.close();
  }

  /**
   * Lets the mailbox drain if it has flown, half of `budgetMs` at most; then closes it, aborts the signal, and awaits `finish` together
   * with all that is under way (L2, L3). Resolves with the callbacks that did not end (L4).
   */
  async finish(after: 'init' | 'flight', budgetMs: number): Promise<Unfinished[]> {
    const { emit, plan } = this.#flight;
    const { clock } = plan;
    const { descriptor: block, context } = this.#callbacks;
    const end = (this.#callbacks.endsAt = clock.now() + budgetMs);
    // guard: L3 half of its share is for its finish
    const drained = after === 'flight' ? end - budgetMs / 2 : 0;
    // Again, and to this very instant: something may have come in since all were idle at once.
    // guard: L2 what came in since is drained
    while (!this.isIdle && clock.now() < drained) await settles(clock, this.idle(), drained - clock.now());
    emit({ type: 'finishing', block });
    this.#state = 'finishing';
    // guard: L5 no server change after finish
    this.#server.close();
    // guard: L5 no message after finish
    this.#mailbox?.close();
    // guard: L2 what a block waits for ends with it
    this.#callbacks.abort();
    void this.#callbacks.enter('finish', () => this.#block.finish?.(after === 'init', context));
    // guard: L2 finishes follow one another
    // guard: L3 a finish that hangs does not hold up the rest
    await settles(clock, this.#quiet(), Math.max(0, end - clock.now()));
    const hanging = this.hanging();
    // guard: L4 messages of a handler that did not end are dropped
    this.#mailbox?.abandon();
    // guard: M5 an ask ends with the block it was put to
    for (const question of this.#callbacks.address.questions()) question.fail('ASK_ENDED');
    this.#state = 'finished';
    emit({ type: 'finished', block });
    // guard: L4 what did not end is named
    return hanging;
  }

  /** The callbacks under way. */
  hanging(): Unfinished[] {
    const callbacks = new Set(this.#callbacks.underWay);
    // guard: L4 a handler that did not end is named
    if (this.#mailbox?.isBusy) callbacks.add(this.#mailbox.callback);
    return [...callbacks].map((callback) => ({ block: this.#callbacks.descriptor, callback }));
  }

  /** Who wait for it while it is busy: for answers, or for room in its mailbox. */
  get waiters(): readonly BlockDescriptor[] {
    if (!this.#mailbox?.isBusy) return [];
    // guard: M5 a circle goes through those that wait for room
    return [...this.#callbacks.address.questions(), ...this.#mailbox.waiters].map(({ from }) => from.descriptor);
  }

  async #quiet(): Promise<void> {
    while (this.hanging().length > 0) await Promise.all([this.#callbacks.settled(), this.#mailbox?.idle()]);
  }

  /** What the block wants done about a failure of its own (F3). */
  judge(error: unknown, where: Callback): 'continue' | 'shutdown' {
    // guard: F3 onError is asked
    return this.#block.onError?.(error, where, this.#callbacks.context) === 'continue' ? 'continue' : 'shutdown';
  }

  /** What it measures itself (F6). */
  metrics(): readonly Metric[] {
    // guard: F6 numbers are of blocks that are initialised
    if (this.#state === 'made' || this.#state === 'initializing') return [];
    try {
      return this.#block.metrics?.() ?? [];
    } catch (error) {
      // guard: F6 numbers that cannot be had are a failure
      this.#callbacks.fail('metrics', error);
      return [];
    }
  }

  status(): BlockStatus {
    const { depth = 0, capacity = 0, counts = noCounts() } = this.#mailbox ?? {};
    return { ...this.#callbacks.descriptor, state: this.#state, depth, capacity, ...counts };
  }
}
