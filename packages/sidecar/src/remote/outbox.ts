import {
  defineBlock,
  Sputnik,
  SputnikError,
  type BlockCommunicator,
  type BlockContext,
  type BlockDefinition,
  type BlockDescriptor,
  type BlockStatus,
  type Flight,
  type LandingReport,
  type Logger,
  type MessageObserver,
} from '@sputnikjs/core';
import { addressFrom, fullAddress } from '../folder/address-book.js';
import { uncloneable } from '../clone/cloneable.js';
import { notCloned } from '../clone/not-cloned.js';
import type { Hearing } from '../satellite/assembly.js';
import { Carrier, Unanswered } from './carrier.js';
import type { Link } from './link.js';

/** So many messages for a block are under way at most. */
const WINDOW = 1024;

/** Where it is, and who is told what becomes of the messages. */
export interface OutboxOptions {
  /** The path of the satellite in which the blocks have the addresses that reports and counts call them by. */
  readonly base: string;
  readonly log: Logger;
  readonly observer?: MessageObserver | undefined;
  /** While it says no, questions are refused at once with ASK_UNREACHABLE. Without it they wait. */
  readonly isReachable?: (() => boolean) | undefined;
}

/**
 * Keeps messages for the blocks of another thread or process until that has settled them: for each block there stands one here, with a mailbox as long.
 * When the other side is gone, those that it has not settled wait, and go to the next one, in order.
 */
export class Outbox {
  readonly #flight: Flight;
  readonly #log: Logger;
  readonly #carrier: Carrier;
  readonly #base: string;
  readonly #keys: ReadonlySet<string>;
  readonly #isReachable: () => boolean;
  #hasFlown = false;

  private constructor(
    flight: Flight,
    carrier: Carrier,
    keys: ReadonlySet<string>,
    { base, log, isReachable }: OutboxOptions,
  ) {
    this.#flight = flight;
    this.#carrier = carrier;
    this.#base = base;
    this.#keys = keys;
    this.#log = log;
    this.#isReachable = isReachable ?? (() => true);
  }

  static async for(blocks: readonly Hearing[], options: OutboxOptions): Promise<Outbox> {
    const { base, observer } = options;
    const carrier = new Carrier();
    const keys = blocks.map((block) => addressFrom(base, block));
    const factories = blocks.map((block, index) => [keys[index], standIn(block, keys[index] ?? '', carrier)]);
    const appBlocks = keys.map((name) => ({ name }));
    const blockFactories = Object.fromEntries(factories) as Record<string, BlockDefinition>;
    const flight = await new Sputnik({ appBlocks, blockFactories, signals: false, observer }).prepare();
    return new Outbox(flight, carrier, new Set(keys), options);
  }

  /** The handle that `from` has on a block of the other side; undefined if that takes no messages. */
  communicator(path: string, responsibility: string, from: BlockDescriptor): BlockCommunicator | undefined {
    const key = addressFrom(this.#base, { path, responsibility, name: responsibility });
    const handle = this.#keys.has(key) ? this.#flight.communicator(key, from) : undefined;
    if (handle === undefined) return undefined;
    const check = (msg: unknown): void => {
      // guard: what cannot go across is refused where it is sent
      if (uncloneable(msg) !== undefined) throw notCloned('the message', msg);
    };
    return {
      descriptor: handle.descriptor,
      communicator: () => undefined,
      send: (msg) => {
        try {
          check(msg);
        } catch (error) {
          const to = fullAddress({ path, responsibility });
          this.#log.error({ event: 'notCloned', from: from.responsibility, to, error }, (error as Error).message);
          return false;
        }
        return handle.send(msg);
      },
      post: async (msg, options) => {
        check(msg);
        return await handle.post(msg, options);
      },
      ask: async (msg, options) => {
        check(msg);
        // guard: who asks where nobody is hears it at once
        if (!this.#isReachable()) throw new SputnikError('ASK_UNREACHABLE');
        return await handle.ask(msg, options).catch((error: unknown) => {
          throw error instanceof SputnikError && error.cause instanceof Unanswered ? error.cause.cause : error;
        });
      },
    };
  }

  /** Sends what waits, those first that another side has had and not settled; and what comes. Returns how many of them it sends again. */
  open(link: Link): number {
    if (!this.#hasFlown) void this.#flight.launch();
    this.#hasFlown = true;
    return this.#carrier.open(link);
  }

  /** What comes waits: the other side lands. It still says what becomes of what it has. */
  pause(): void {
    this.#carrier.pause();
  }

  /** What comes waits, and what the other side has not settled: it is gone. */
  shut(): void {
    this.#carrier.shut();
  }

  /** Nobody is there to ask: questions that nobody has had are answered so. */
  refuseQuestions(): void {
    this.#carrier.refuseQuestions();
  }

  /** No block takes it, and none will. */
  refused(number: number): void {
    this.#carrier.refused(number);
  }

  answer(number: number, value: unknown): void {
    this.#carrier.settled(number, value);
  }

  settled(number: number): void {
    this.#carrier.settled(number);
  }

  /** It could not be posted, or the block that was asked failed. */
  failed(number: number, error: unknown): void {
    this.#carrier.failed(number, error);
  }

  /** The other side has ended in order: what it has taken, up to this number, is in its report. */
  landed(lastTaken: number): void {
    this.#carrier.landed(lastTaken);
  }

  get isIdle(): boolean {
    return this.#flight.isIdle;
  }

  idle(): Promise<void> {
    return this.#flight.idle();
  }

  /** What waits here. What the other side has, and what failed there, that counts itself. */
  get blocks(): readonly BlockStatus[] {
    const own = this.#flight.status().blocks.filter(({ name }) => this.#keys.has(name));
    return own.map((block) => ({ ...block, accepted: block.handled + block.depth + block.dropped, failed: 0 }));
  }

  /** Nobody will take anything any more: what waits is dropped. */
  close(withinMs?: number): Promise<LandingReport> {
    this.#hasFlown = true;
    const closed = this.#flight.shootDown('the satellite lands', { withinMs });
    this.#carrier.close();
    return closed;
  }
}

/** Stands for a block of the other side. */
function standIn(block: Hearing, key: string, carrier: Carrier): BlockDefinition {
  const { path, responsibility, capacity, whenFull, atOnce } = block;
  // as many as have a place there; one that drops its oldest message is to do so here
  const concurrency = Math.min(WINDOW, whenFull === 'reject' ? capacity + atOnce : capacity);
  /** Of the ways here, by who sends. */
  const ids = new Map<BlockDescriptor, number>();
  const wayOf = (from: BlockDescriptor): number => {
    const id = ids.get(from) ?? carrier.add({ path, responsibility, from });
    ids.set(from, id);
    return id;
  };
  return defineBlock({
    name: key,
    make: () => ({
      mailbox: { capacity, concurrency, whenFull },
      onError: () => 'continue',
      onMsg: (msg: object, from: BlockCommunicator, { landing }: BlockContext, asker) =>
        carrier.carry(wayOf(from.descriptor), msg, asker ? 'ask' : 'send', landing),
    }),
  });
}
