import {
  defineBlock,
  Sputnik,
  type BlockCommunicator,
  type BlockContext,
  type BlockDefinition,
  type BlockDescriptor,
  type BlockStatus,
  type Flight,
  type Idling,
  type LandingReport,
} from '@sputnikjs/core';
import { causeOf } from '@sputnikjs/messaging';
import { bytesOf, HELD_BYTES } from '../clone/bytes.js';
import { inside, isInside, namesBelow } from '../folder/address-book.js';
import { levelAt, type Level } from './level.js';

/** How many messages for one block are passed on at once. */
const CONCURRENCY = 64;

/** A block that takes messages. */
export interface Kept extends BlockDescriptor {
  /** The path of its satellite below the one that restarts; empty for that one itself. */
  readonly path: string;
  /** How many messages its mailbox has room for. */
  readonly capacity: number;
}

/** Where messages for a satellite wait when it cannot take them. */
export interface Room extends Idling {
  /** Hands on what waits, and what comes meanwhile. When nothing waits any more, calls `emptied` in the same turn. */
  open(to: Level, emptied: () => void): void;
  /** The satellite has failed: new messages wait. Returns the stand-in to send them to. */
  shut(): Level;
  /** The messages that wait for each block. Blocks have their addresses in the satellite. */
  readonly blocks: readonly BlockStatus[];
  /** The satellite will not fly again: drops what waits. */
  close(withinMs?: number): Promise<LandingReport>;
}

/**
 * Where messages for a satellite wait while it restarts: in a mailbox for each of its blocks, as long as the block's own. They are handed
 * on in order; those that come meanwhile queue up behind them.
 */
export class WaitingRoom implements Room {
  /** The stand-in for the satellite. */
  readonly #level: Level;
  readonly #flight: Flight;
  readonly #counter: Counter;
  #isUsed = false;

  private constructor(level: Level, flight: Flight, counter: Counter) {
    this.#level = level;
    this.#flight = flight;
    this.#counter = counter;
  }

  /** Makes a waiting room for these blocks. It takes messages at once. */
  static async for(blocks: readonly Kept[]): Promise<WaitingRoom> {
    const counter = new Counter();
    const appBlocks = blocks.map(({ path, responsibility }) => ({ name: inside(path, responsibility) }));
    const factories = blocks.map((block) => [inside(block.path, block.responsibility), standIn(block, counter)]);
    const options = { appBlocks, blockFactories: Object.fromEntries(factories), signals: false };
    const flight = await new Sputnik(options).prepare();
    return new WaitingRoom(levelOf(flight, '', blocks), flight, counter);
  }

  open(to: Level, emptied: () => void): void {
    if (!this.#isUsed) return emptied();
    // a flight that was never launched does not keep the process alive
    if (this.#flight.status().state === 'prepared') void this.#flight.launch();
    const isEmpty = (): boolean => this.#flight.status().blocks.every(({ depth }) => depth === 0);
    this.#counter.open(to, () => {
      if (isEmpty()) emptied();
    });
  }

  shut(): Level {
    this.#isUsed = true;
    this.#counter.shut();
    return this.#level;
  }

  get isIdle(): boolean {
    return this.#flight.isIdle;
  }

  idle(): Promise<void> {
    return this.#flight.idle();
  }

  get blocks(): readonly BlockStatus[] {
    return this.#flight.status().blocks;
  }

  close(withinMs?: number): Promise<LandingReport> {
    return this.#flight.shootDown('the satellite lands', { withinMs });
  }
}

/** Reaches the stand-ins of the satellite at `path` below, and of those inside it. */
function levelOf(flight: Flight, path: string, blocks: readonly Kept[]): Level {
  const below = blocks.filter((block) => isInside(path, block.path));
  const names = new Set(below.flatMap((block) => namesBelow(path, block.path)[0] ?? []));
  return {
    flight: { communicator: (responsibility, from) => flight.communicator(inside(path, responsibility), from) },
    nested: new Map([...names].map((name) => [name, { current: levelOf(flight, inside(path, name), blocks) }])),
  };
}

/** The stand-in for a block: keeps its messages until they can be passed on. */
function standIn({ path, responsibility, capacity }: Kept, counter: Counter): BlockDefinition {
  const names = namesBelow('', path);
  return defineBlock({
    name: inside(path, responsibility),
    make: () => ({
      // guard: what waits for a restart takes so many bytes at most
      mailbox: { capacity, concurrency: CONCURRENCY, weigh: bytesOf, maxWeight: HELD_BYTES },
      onError: () => 'continue',
      onMsg: (msg: object, from: BlockCommunicator, { landing }: BlockContext, asker) =>
        counter.passOn(landing, async (level) => {
          const to = levelAt(level, names)?.flight.communicator(responsibility, from.descriptor);
          if (to === undefined) return 'refused';
          if (asker === undefined) return (await to.post(msg)) ? { accepted: undefined } : 'refused';
          return { accepted: to.ask(msg, { timeoutMs: Infinity }) };
        }),
    }),
  });
}

/** The result of passing a message on; `accepted` is the promised answer. */
type PassedOn = { readonly accepted: Promise<unknown> | undefined } | 'refused';

/** Knows where messages are passed on to, and how many are on their way there. */
class Counter {
  #to: Level | undefined;
  #passing = 0;
  #check: () => void = () => {};
  #waiting: (() => void)[] = [];

  open(to: Level, check: () => void): void {
    this.#to = to;
    this.#check = check;
    this.#wake();
    if (this.#passing === 0) check();
  }

  shut(): void {
    this.#to = undefined;
  }

  /** Passes a message on as soon as that is possible. Rejects with the reason of `landing` when that aborts before. */
  async passOn(landing: AbortSignal, pass: (to: Level) => Promise<PassedOn>): Promise<unknown> {
    this.#passing++;
    let passed: PassedOn = 'refused';
    try {
      for (let refused: Level | undefined; passed === 'refused';) {
        const to = await this.#next(refused, landing);
        passed = await pass(to);
        refused = to;
      }
    } finally {
      this.#passing--;
    }
    if (this.#passing === 0 && this.#to) this.#check();
    try {
      return await passed.accepted;
    } catch (error) {
      // the mailbox of the stand-in reports the failure again
      throw causeOf(error);
    }
  }

  /** The next satellite that takes messages, other than the one that has refused. */
  async #next(refused: Level | undefined, landing: AbortSignal): Promise<Level> {
    while (this.#to === undefined || this.#to === refused) {
      landing.throwIfAborted();
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
        landing.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    return this.#to;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}
