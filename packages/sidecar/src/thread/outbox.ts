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
import { addressFrom, inside } from '../folder/address-book.js';
import { uncloneable } from '../folder/cloneable.js';
import type { Hearing } from '../satellite/assembly.js';
import { notCloned, type Link } from './link.js';
import type { Item, Way } from './wire.js';

/** So many messages for a block are under way at most. */
const WINDOW = 1024;

/** A message that the other side has not settled. */
interface UnderWay {
  readonly wayId: number;
  readonly msg: object;
  readonly how: 'send' | 'ask';
  readonly resolve: (answer?: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Of the flight of those that stand for the blocks. */
  readonly landing: AbortSignal;
  /** The other side that has it has refused it: it waits for the next one. */
  refused: boolean;
  /** It has been posted before. */
  posted: boolean;
}

/** Where it is, and who is told what becomes of the messages. */
export interface OutboxOptions {
  /** The path of the satellite in which the blocks have the addresses that reports and counts call them by. */
  readonly base: string;
  readonly log: Logger;
  readonly observer?: MessageObserver | undefined;
}

/** An answer that an `ask` did not get for another reason than that the block failed. */
class Unanswered extends Error {}

/**
 * Keeps messages for the blocks of another thread until that has settled them: for each block there stands one here, with a mailbox as long.
 * When the other side is gone, those that it has not settled wait, and go to the next one, in order.
 */
export class Outbox {
  readonly #flight: Flight;
  readonly #log: Logger;
  readonly #carrier: Carrier;
  readonly #base: string;
  readonly #keys: ReadonlySet<string>;
  #hasFlown = false;

  private constructor(flight: Flight, carrier: Carrier, keys: ReadonlySet<string>, { base, log }: OutboxOptions) {
    this.#flight = flight;
    this.#carrier = carrier;
    this.#base = base;
    this.#keys = keys;
    this.#log = log;
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
          const to = inside(path, responsibility);
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

  /** What comes waits. What the other side has may be settled all the same. */
  shut(): void {
    this.#carrier.shut();
  }

  /** Takes what the other side says of a message. */
  take(
    item: Extract<Item, readonly ['refused' | 'answer' | 'failed', ...unknown[]]>,
    revive: (error: unknown) => unknown,
  ): void {
    const [kind, number] = item;
    if (kind === 'refused') this.#carrier.refused(number);
    else if (kind === 'answer') this.#carrier.settled(number, item[2]);
    else this.#carrier.failed(number, revive(item[2]));
  }

  settled(number: number): void {
    this.#carrier.settled(number);
  }

  /** It could not be posted. */
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
  return defineBlock({
    name: key,
    make: () => ({
      mailbox: { capacity, concurrency, whenFull },
      onError: () => 'continue',
      onMsg: (msg: object, from: BlockCommunicator, { landing }: BlockContext, asker) =>
        carrier.carry({ path, responsibility, from: from.descriptor }, msg, asker ? 'ask' : 'send', landing),
    }),
  });
}

/** Numbers messages, and knows which are not settled. */
class Carrier {
  /** Undefined while nobody takes anything. */
  #link: Link | undefined;
  #last = 0;
  #isClosing = false;
  /** In the order of their numbers. */
  readonly #underWay = new Map<number, UnderWay>();
  readonly #ways: Way[] = [];
  readonly #wayIds = new Map<string, number>();

  carry(way: Way, msg: object, how: 'send' | 'ask', landing: AbortSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const one: UnderWay = {
        wayId: this.#idOf(way),
        msg,
        how,
        resolve,
        reject,
        landing,
        refused: false,
        posted: false,
      };
      const number = ++this.#last;
      this.#underWay.set(number, one);
      if (this.#link) this.#post(number, one);
      else if (this.#isClosing) this.#giveUp();
    });
  }

  #idOf(way: Way): number {
    const key = `${way.path}\n${way.responsibility}\n${way.from.responsibility}`;
    const known = this.#wayIds.get(key);
    if (known !== undefined) return known;
    const id = this.#ways.push(way) - 1;
    this.#wayIds.set(key, id);
    this.#link?.post(['way', id, way]);
    return id;
  }

  #post(number: number, one: UnderWay): void {
    one.posted = true;
    this.#link?.post(['msg', number, one.wayId, one.how, one.msg]);
  }

  open(link: Link): number {
    this.#link = link;
    this.#ways.forEach((way, id) => link.post(['way', id, way]));
    let again = 0;
    // guard: what a thread that is gone has not settled goes to the next one, in order
    for (const [number, one] of this.#underWay) {
      if (one.posted) again++;
      one.refused = false;
      this.#post(number, one);
    }
    return again;
  }

  shut(): void {
    this.#link = undefined;
    if (this.#isClosing) this.#giveUp();
  }

  settled(number: number, answer?: unknown): void {
    this.#end(number)?.resolve(answer);
  }

  failed(number: number, error: unknown): void {
    const isOfAsk =
      error instanceof SputnikError && ['ASK_DROPPED', 'ASK_ENDED', 'ASK_TIMEOUT', 'ASK_ABORTED'].includes(error.code);
    this.#end(number)?.reject(isOfAsk ? new Unanswered('', { cause: error }) : error);
  }

  refused(number: number): void {
    const one = this.#underWay.get(number);
    if (one) one.refused = true;
    if (this.#isClosing) this.#giveUp();
  }

  landed(lastTaken: number): void {
    this.#link = undefined;
    for (const [number, { how, refused }] of this.#underWay) {
      if (refused || number > lastTaken) continue;
      if (how === 'ask') this.failed(number, new SputnikError('ASK_ENDED'));
      else this.settled(number);
    }
    if (this.#isClosing) this.#giveUp();
  }

  close(): void {
    this.#isClosing = true;
    this.#giveUp();
  }

  /** What nobody has, nobody will get: it is dropped. */
  #giveUp(): void {
    for (const [number, { refused, landing }] of this.#underWay)
      if (refused || this.#link === undefined) this.#end(number)?.reject(landing.reason);
  }

  #end(number: number): UnderWay | undefined {
    const one = this.#underWay.get(number);
    this.#underWay.delete(number);
    return one;
  }
}
