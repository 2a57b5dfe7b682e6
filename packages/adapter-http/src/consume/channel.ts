import type { BlockContext } from '@sputnikjs/core';
import {
  subscribe,
  unsubscribe,
  type ConsumedMessage,
  type MessageConsumer,
  type MessageHandler,
  type Subscription,
} from '@sputnikjs/messaging';
import type { MessageSpans } from '@sputnikjs/messaging/traces';
import { Refused } from '../answer/refusals.js';
import { linesOf } from './lines.js';
import type { Reader } from './reader.js';
import { refusedBy } from './refused-by.js';

/** Messages that the server has handed over and no reader has got, at most. */
const MOST_WAITING = 64;
/** So long the messages that wait are kept for the next reader, when the last one has left: one that polls comes again. */
const LINGER_MS = 5_000;

interface Waiting {
  readonly message: ConsumedMessage;
  readonly handled: () => void;
  readonly givenBack: (why: Error) => void;
}

/** A source, and those who read it: each gets every message that comes while it reads. Consumes as long as anybody reads. */
export class Channel {
  /** Messages that readers got, each as often. */
  written = 0;
  readonly #source: string;
  readonly #askWhetherKept: () => Promise<boolean>;
  readonly #context: Pick<BlockContext, 'log' | 'clock' | 'waitUntil'>;
  readonly #spans: MessageSpans;
  readonly #readers = new Set<Reader>();
  readonly #waiting: Waiting[] = [];
  #consumer: MessageConsumer | undefined;
  /** Aborts when the subscription is over: the connection is lost, or nobody reads. */
  #over = new AbortController();
  #subscription: Promise<Subscription | undefined> | undefined;
  #ending: Promise<void> = Promise.resolve();
  #cancelLinger: (() => void) | undefined;
  #isPumping = false;
  /** True if what readers get has ids. */
  #isKept = false;
  #asking: Promise<boolean> = Promise.resolve(false);

  /** `isKept` tells whether readers can resume after what they get; it is asked when the first one comes. */
  constructor(
    source: string,
    isKept: () => Promise<boolean>,
    spans: MessageSpans,
    context: Pick<BlockContext, 'log' | 'clock' | 'waitUntil'>,
  ) {
    this.#source = source;
    this.#askWhetherKept = isKept;
    this.#spans = spans;
    this.#context = context;
  }

  get readers(): ReadonlySet<Reader> {
    return this.#readers;
  }

  /** Messages that wait for a reader. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Consumes, if it does not yet; ends that after a while unless a reader is added. Throws SERVER_AWAY, or REFUSED with what the server has against it. */
  async open(): Promise<void> {
    await this.#ending;
    const consumer = this.#consumer;
    // guard: who would wait for a server that is away is told
    if (consumer === undefined) throw new Refused('SERVER_AWAY', 'nothing can be consumed');
    if (this.#subscription === undefined) {
      const options = { maxUnacknowledged: MOST_WAITING };
      const subscribing = consumer.consume(this.#source, this.#taking(), options);
      this.#subscription = subscribing;
      this.#asking = this.#askWhetherKept();
      // the next one who reads tries again
      subscribing.catch(() => this.#subscription === subscribing && (this.#subscription = undefined));
    }
    this.#cancelLinger?.();
    try {
      await this.#subscription;
      this.#isKept = await this.#asking;
    } catch (error) {
      throw refusedBy(error);
    }
    this.#linger();
  }

  add(reader: Reader): void {
    this.#readers.add(reader);
    this.#cancelLinger?.();
    this.pump();
  }

  remove(reader: Reader): void {
    if (this.#readers.delete(reader)) this.#linger();
  }

  connected(consumer: MessageConsumer): void {
    const { log, clock, waitUntil } = this.#context;
    this.#consumer = consumer;
    if (this.#readers.size === 0) return;
    const take = this.#taking();
    const options = { maxUnacknowledged: MOST_WAITING, over: this.#over.signal, log, clock };
    this.#subscription = subscribe(consumer, this.#source, take, options);
    waitUntil(this.#subscription);
  }

  /**
   * Returns the readers that can go on by themselves after what they have got, and forgets them: here, messages that were under way come again
   * after newer ones, or twice.
   */
  disconnected(): readonly Reader[] {
    this.#consumer = undefined;
    this.#subscription = undefined;
    this.#cancelLinger?.();
    this.#over.abort();
    this.#giveBack('the connection is lost');
    // guard: who has got something misses nothing when the server comes back
    const resuming = [...this.#readers].filter(({ last }) => last !== undefined);
    for (const reader of resuming) this.#readers.delete(reader);
    return resuming;
  }

  /** Consumes no more; what waits goes back to the server. */
  async end(): Promise<void> {
    this.#cancelLinger?.();
    this.#over.abort();
    const subscription = this.#subscription;
    this.#subscription = undefined;
    const ending = unsubscribe(subscription?.catch(() => undefined));
    this.#giveBack('nobody reads');
    await ending;
  }

  /** Writes what waits, in order, as long as all who read have room: the slowest sets the pace, until it is cut. */
  pump(): void {
    // a reader that has got its last message tells of that in the midst
    if (this.#isPumping) return;
    this.#isPumping = true;
    while (this.#writeNext());
    this.#isPumping = false;
  }

  /** False if there is nothing to write, nobody to write to, or no room. */
  #writeNext(): boolean {
    const readers = [...this.#readers].filter(({ isOver }) => !isOver);
    const [first] = this.#waiting;
    if (first === undefined || readers.length === 0) return false;
    // guard: nobody is written to before all have room
    if (readers.filter((reader) => !reader.hasRoom()).length > 0) return false;
    this.#waiting.shift();
    const lines = linesOf(first.message, this.#isKept);
    for (const reader of readers) reader.write(lines);
    this.written += readers.length;
    first.handled();
    return true;
  }

  /** What a new subscription hands its messages to; when it is over, they go back. */
  #taking(): MessageHandler {
    const { signal } = (this.#over = new AbortController());
    const take = (message: ConsumedMessage): Promise<void> =>
      new Promise((handled, givenBack) => {
        if (signal.aborted) return givenBack(new Error('nobody reads'));
        this.#waiting.push({ message, handled, givenBack });
        this.pump();
      });
    return (message) => this.#spans.processing(this.#source, message, take);
  }

  #linger(): void {
    this.#cancelLinger?.();
    if (this.#readers.size > 0 || this.#subscription === undefined) return;
    this.#cancelLinger = this.#context.clock.after(LINGER_MS, () => {
      this.#ending = this.end();
      this.#context.waitUntil(this.#ending);
    });
  }

  #giveBack(why: string): void {
    for (const { givenBack } of this.#waiting.splice(0)) givenBack(new Error(why));
  }
}
