import type { AnyBlock, BlockCommunicator, Callback } from './block.js';
import type { Callbacks, FlightControl } from './callbacks.js';
import { settles } from './clock.js';
import { confFactory } from './config.js';
import type { BlockDescriptor } from './descriptor.js';
import type { BlockState, BlockStatus, Unfinished } from './events.js';
import { Mailbox } from './mailbox.js';
import { ServerLane, type Link } from './server-lane.js';
import { noCounts } from './workers.js';

/** A live block: its lanes (`run`, messages, server), which are independent of each other, and its finish. */
export class ActiveBlock {
  readonly descriptor: BlockDescriptor;
  /** Absent where the block takes no messages. */
  readonly mailbox: Mailbox<BlockCommunicator> | undefined;
  readonly #flight: FlightControl;
  readonly #callbacks: Callbacks;
  readonly #block: Partial<AnyBlock>;
  readonly #server: ServerLane;
  #state: BlockState = 'made';

  constructor(block: Partial<AnyBlock>, callbacks: Callbacks, flight: FlightControl) {
    const { descriptor, context } = callbacks;
    this.descriptor = descriptor;
    this.#flight = flight;
    this.#callbacks = callbacks;
    this.#block = block;
    this.#server = new ServerLane((link) =>
      link
        ? callbacks.enter('onServerConnect', () => block.onServerConnect?.(link.connection, context))
        : callbacks.enter('onServerDisconnect', () => block.onServerDisconnect?.(context)),
    );
    this.mailbox = this.#makeMailbox();
  }

  #makeMailbox(): Mailbox<BlockCommunicator> | undefined {
    const { context, descriptor } = this.#callbacks;
    const [onMsg, onMsgs] = [this.#block.onMsg?.bind(this.#block), this.#block.onMsgs?.bind(this.#block)];
    if (!onMsg && !onMsgs) return undefined;
    const recipient = {
      handle: onMsg && ((msg: object, from: BlockCommunicator) => onMsg(msg, from, context) as unknown),
      handleAll: onMsgs && ((mails: readonly object[]) => onMsgs(mails as never, context) as unknown),
      failed: ({ error, ...about }: { error: unknown; asked: boolean; count: number }) =>
        this.#callbacks.fail(onMsgs ? 'onMsgs' : 'onMsg', error, about),
      dropped: (count: number) => this.#flight.emit({ type: 'dropped', block: descriptor, count }),
    };
    return new Mailbox(recipient, this.#flight.pacer, this.#block.mailbox);
  }

  /** Rejects with what `init` throws. */
  async init(): Promise<void> {
    this.#state = 'initializing';
    await this.#block.init?.(confFactory(this.#flight.plan.source), this.#callbacks.context);
    this.#state = 'ready';
  }

  /** Enters `run`; from then on messages and the connection reach the block (F2). */
  run(): void {
    const { descriptor, context } = this.#callbacks;
    this.#state = 'running';
    const self = this.#flight.communicators.handle(descriptor, descriptor);
    void this.#callbacks.enter('run', () => this.#block.run?.(self, context));
    this.mailbox?.open();
    this.#server.open(true);
  }

  /** The connection there is from now on, if any (S4). */
  setConnection(link: Link | undefined): void {
    this.#server.set(link);
  }

  /** Has it take nothing more in from outside. */
  stopIntake(): Promise<void> {
    return this.#callbacks.enter('onLanding', () => this.#block.onLanding?.(this.#callbacks.context));
  }

  /** Gives up: what waits with the block's signal ends. */
  abort(): void {
    this.#callbacks.abort();
  }

  /**
   * Lets the mailbox drain, half of `budgetMs` at most; then closes it, aborts the signal, and awaits `finish` together
   * with all that is under way (L2, L3). Resolves with the callbacks that did not end (L4).
   */
  async finish(init: boolean, budgetMs: number): Promise<Unfinished[]> {
    const { clock } = this.#flight.plan;
    const end = clock.now() + budgetMs;
    const drained = init ? 0 : end - budgetMs / 2;
    // Again, and to this very instant: something may have come in since all were idle at once.
    while (this.mailbox?.isIdle === false && clock.now() < drained) {
      await settles(clock, this.mailbox.idle(), drained - clock.now());
    }
    this.#flight.emit({ type: 'finishing', block: this.descriptor });
    this.#state = 'finishing';
    this.#server.open(false);
    this.mailbox?.close();
    this.abort();
    void this.#callbacks.enter('finish', () => this.#block.finish?.(init, this.#callbacks.context));
    await settles(clock, this.#quiet(), Math.max(0, end - clock.now()));
    const hanging = this.hanging();
    this.mailbox?.abandon();
    this.#state = 'finished';
    this.#flight.emit({ type: 'finished', block: this.descriptor });
    return hanging;
  }

  /** The callbacks under way. */
  hanging(): Unfinished[] {
    const callbacks = new Set(this.#callbacks.underWay);
    if (this.mailbox?.isBusy) callbacks.add(this.mailbox.callback);
    return [...callbacks].map((callback) => ({ block: this.descriptor, callback }));
  }

  async #quiet(): Promise<void> {
    while (this.hanging().length > 0) await Promise.all([this.#callbacks.settled(), this.mailbox?.idle()]);
  }

  /** What the block wants done about a failure of its own (F3). */
  judge(error: unknown, where: Callback): 'continue' | 'shutdown' {
    return this.#block.onError?.(error, where, this.#callbacks.context) === 'continue' ? 'continue' : 'shutdown';
  }

  status(): BlockStatus {
    const { depth = 0, counts = noCounts() } = this.mailbox ?? {};
    return { ...this.descriptor, state: this.#state, depth, ...counts };
  }
}
