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
import { bytesOf, HELD_BYTES } from '../clone/bytes.js';
import { uncloneable } from '../clone/cloneable.js';
import { revived } from './portable.js';
import type { Item } from './wire.js';
import { notCloned } from '../clone/not-cloned.js';
import type { Hearing } from '../satellite/assembly.js';
import { Carrier, Unanswered } from './carrier.js';
import type { Link } from './link.js';

/** How many messages for one block may be under way. */
const WINDOW = 1024;

/** Where an outbox stands, and who observes its messages. */
export interface OutboxOptions {
  /** Reports and counts call a block by its address in the satellite at this path. */
  readonly base: string;
  readonly log: Logger;
  readonly observer?: MessageObserver | undefined;
  /** While it says no, questions are refused at once with ASK_UNREACHABLE. Without it they wait. */
  readonly isReachable?: (() => boolean) | undefined;
}

/**
 * Keeps messages for the blocks of another thread or process until that has settled them. Each of these blocks has a stand-in here, with a
 * mailbox as long. When the other side ends, the messages that it has not settled wait, and go to the next one in order.
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

  /** The handle that `from` has on a block of the other side. Undefined if that block takes no messages. */
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

  /** Sends the waiting messages, and those that come later. Messages that an earlier thread had not settled go first; returns their number. */
  open(link: Link): number {
    if (!this.#hasFlown) void this.#flight.launch();
    this.#hasFlown = true;
    return this.#carrier.open(link);
  }

  /** New messages wait, for the other side lands. It still settles those that it holds. */
  pause(): void {
    this.#carrier.pause();
  }

  /** New messages wait, and so do those that the other side has not settled: it is gone. */
  shut(): void {
    this.#carrier.shut();
  }

  /** Fails the questions that no other side has got: no process is there to answer. */
  refuseQuestions(): void {
    this.#carrier.refuseQuestions();
  }

  /** Takes what the other side says of a message that it does not handle. False if the item says something else. */
  take(item: Item): boolean {
    if (item[0] === 'refused') this.#carrier.refused(item[1]);
    else if (item[0] === 'failed') this.failed(item[1], revived(item[2]));
    else return false;
    return true;
  }

  answer(number: number, value: unknown): void {
    this.#carrier.answered(number, value);
  }

  /** All messages from the first to the last are settled. */
  settled(first: number, last: number): void {
    this.#carrier.settled(first, last);
  }

  /** The message could not be posted, or the block that was asked failed. */
  failed(number: number, error: unknown): void {
    this.#carrier.failed(number, error);
  }

  /** The other side has landed. Its report covers the messages up to this number. */
  landed(lastTaken: number): void {
    this.#carrier.landed(lastTaken);
  }

  get isIdle(): boolean {
    return this.#flight.isIdle;
  }

  idle(): Promise<void> {
    return this.#flight.idle();
  }

  /** The status of the messages that wait here. The other side counts those that it holds, and those that failed there. */
  get blocks(): readonly BlockStatus[] {
    const own = this.#flight.status().blocks.filter(({ name }) => this.#keys.has(name));
    return own.map((block) => ({ ...block, accepted: block.handled + block.depth + block.dropped, failed: 0 }));
  }

  /** Ends the outbox and drops what waits. */
  close(withinMs?: number): Promise<LandingReport> {
    this.#hasFlown = true;
    const closed = this.#flight.shootDown('the satellite lands', { withinMs });
    this.#carrier.close();
    return closed;
  }
}

/** The stand-in for a block of the other side. */
function standIn(block: Hearing, key: string, carrier: Carrier): BlockDefinition {
  const { path, responsibility, capacity, whenFull, atOnce } = block;
  // as many as have a place there; a mailbox that drops its oldest message does so here
  const concurrency = Math.min(WINDOW, whenFull === 'reject' ? capacity + atOnce : capacity);
  /** Numbers of the ways to this block, by sender. */
  const ids = new Map<BlockDescriptor, number>();
  const wayOf = (from: BlockDescriptor): number => {
    const id = ids.get(from) ?? carrier.add({ path, responsibility, from });
    ids.set(from, id);
    return id;
  };
  return defineBlock({
    name: key,
    make: () => ({
      // guard: what stands for a block elsewhere holds so many bytes at most
      mailbox: { capacity, concurrency, whenFull, weigh: bytesOf, maxWeight: HELD_BYTES },
      onError: () => 'continue',
      onMsg: (msg: object, from: BlockCommunicator, { landing }: BlockContext, asker) =>
        carrier.carry(wayOf(from.descriptor), msg, asker ? 'ask' : 'send', landing),
    }),
  });
}
