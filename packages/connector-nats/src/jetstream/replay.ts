import { systemClock } from '@sputnikjs/core';
import { createInbox, nanos, type Msg, type Subscription as NatsSubscription } from '@nats-io/transport-node';
import type { ConsumedMessage } from '@sputnikjs/messaging';
import { cannotResume } from '@sputnikjs/messaging/connector';
import type { NatsLinkUser } from '../link/link.js';
import { isDelivery, numberOf, replayed } from './delivery.js';
import type { JetStream } from './jetstream.js';
import { gapBehind } from './position.js';

/** Where a replay reads, and from where on. */
export interface ReplayFrom {
  readonly stream: string;
  /** The name of its own consumer. */
  readonly name: string;
  /** When the stream was made: another of the same name has other messages. */
  readonly created: string;
  readonly source: string;
  readonly after: string;
  /** The number of the message after which it begins. */
  readonly number: number;
}

/** Most messages of a request. */
const MOST_AT_ONCE = 100;
/** Most bytes of a request. The server says nothing when they are used up to the last one: a prime is, by no number of equal messages. */
const MOST_BYTES = 262_147;
/** How long the server lets a request wait, and after which time it never answers, in milliseconds. */
const [EXPIRES_MS, OVERDUE_MS] = [2_000, 10_000];
/** What the server says at the end of a request: it has nothing more for now. */
const RAN_OUT = [404, 408];

/**
 * The messages of a stream after a number: asks for the next ones when those before are taken. The server removes old messages without a
 * word, and skips them. So it knows up to which number it has got everything, and looks whether what it has not got is still there.
 */
export class Replay implements AsyncIterable<ConsumedMessage>, NatsLinkUser {
  readonly #jetstream: JetStream;
  readonly #from: ReplayFrom;
  readonly #signal: AbortSignal;
  readonly #inbox = createInbox();
  readonly #messages: NatsSubscription;
  #came: Msg[] = [];
  /** Everything up to this number has been delivered. */
  #known: number;
  /** The last number in the stream before the last request. */
  #end = 0;
  /** Messages that the request may still bring, and that it has brought. */
  #open = 0;
  #brought = 0;
  #hasRunOut = false;
  /** The next message is larger than a request may be. */
  #isLarge = false;
  #failure: Error | undefined;
  #wake = (): void => {};
  #isReleased = false;

  constructor(jetstream: JetStream, from: ReplayFrom, signal: AbortSignal) {
    this.#jetstream = jetstream;
    this.#from = from;
    this.#signal = signal;
    this.#known = from.number;
    const { link } = jetstream;
    this.#messages = link.nats.subscribe(this.#inbox, { callback: (error, message) => this.#received(error, message) });
    link.add(this);
    signal.addEventListener('abort', this.#release);
    if (signal.aborted) this.#release();
  }

  ended(error: Error): void {
    this.#fail(error);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ConsumedMessage> {
    try {
      for (;;) {
        for (const message of await this.#next()) {
          if (this.#signal.aborted) return;
          yield replayed(message);
        }
        if (this.#signal.aborted) return;
      }
    } finally {
      this.#release();
    }
  }

  /** Messages in order; none if it is over. */
  async #next(): Promise<readonly Msg[]> {
    while (this.#came.length === 0) {
      if (this.#signal.aborted) return [];
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#open === 0) await this.#ask();
      else await this.#changed();
    }
    const came = this.#came;
    this.#came = [];
    await this.#checkOrder(came.map(numberOf));
    return came;
  }

  /** Numbers that are left out are those of other sources, or of messages that went before they were delivered. */
  async #checkOrder(numbers: readonly number[]): Promise<void> {
    let lastBefore: number | undefined;
    for (const number of numbers) {
      // guard: numbers that are left out are looked for
      if (number !== this.#known + 1) lastBefore ??= this.#known;
      this.#known = number;
    }
    if (lastBefore !== undefined) await this.#lookUp(lastBefore);
  }

  /** Rejects if messages after a number are gone. Resolves with the last number in the stream. */
  async #lookUp(number: number): Promise<number> {
    const { stream, created, source, after } = this.#from;
    const info = await this.#jetstream.ask(({ streams }) => streams.info(stream));
    // guard: a replay does not go on in another stream
    const problem =
      info.created === created ? gapBehind(number, info) : `the stream "${stream}" was deleted and made again`;
    if (problem !== undefined) throw cannotResume(source, after, problem);
    return info.state.last_seq;
  }

  async #ask(): Promise<void> {
    // guard: what was there when a request ran out has been delivered
    if (this.#hasRunOut) this.#known = Math.max(this.#known, this.#end);
    this.#end = await this.#lookUp(this.#known);
    if (this.#signal.aborted || this.#failure !== undefined) return;
    const { stream, name } = this.#from;
    const isLarge = this.#isLarge;
    this.#hasRunOut = this.#isLarge = false;
    this.#open = isLarge ? 1 : MOST_AT_ONCE;
    this.#brought = 0;
    const request = { batch: this.#open, expires: nanos(EXPIRES_MS), ...(!isLarge && { max_bytes: MOST_BYTES }) };
    this.#jetstream.link.nats.publish(
      `${this.#jetstream.prefix}.CONSUMER.MSG.NEXT.${stream}.${name}`,
      JSON.stringify(request),
      {
        reply: this.#inbox,
      },
    );
  }

  #received(error: Error | null, message: Msg): void {
    if (error !== null) return this.#fail(new Error(`cannot receive messages at ${this.#inbox}: ${error.message}`));
    if (!isDelivery(message)) return this.#answered(message);
    // guard: a server that replays more than it was asked for is left
    if (this.#open === 0)
      return this.#jetstream.link.end(new Error('the server sends more messages than it was asked for'));
    this.#came.push(message);
    this.#open--;
    this.#brought++;
    this.#wake();
  }

  /** The server has ended the request. */
  #answered({ headers }: Msg): void {
    const { code = 0, description = '' } = headers ?? {};
    if (code < 200) return;
    this.#open = 0;
    this.#hasRunOut = RAN_OUT.includes(code);
    const isTooMuch = code === 409 && /maxbytes/i.test(description);
    // guard: a message that is larger than a request is asked for by itself
    this.#isLarge = isTooMuch && this.#brought === 0;
    if (!this.#hasRunOut && !isTooMuch) this.#fail(this.#silent(description || `status ${code}`));
    this.#wake();
  }

  /** Resolves when something has come, or the request is overdue. */
  async #changed(): Promise<void> {
    const before = this.#brought;
    const cancel = systemClock.after(OVERDUE_MS, () => this.#overdue(before));
    await new Promise<void>((resolve) => (this.#wake = resolve));
    cancel();
  }

  #overdue(before: number): void {
    if (this.#brought === before) this.#fail(this.#silent('no answer'));
  }

  #silent(why: string): Error {
    const { name, stream } = this.#from;
    return new Error(`the consumer "${name}" of the stream "${stream}" delivers no messages: ${why}`);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }

  readonly #release = (): void => {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#signal.removeEventListener('abort', this.#release);
    const { link } = this.#jetstream;
    const { stream, name } = this.#from;
    link.remove(this);
    this.#wake();
    if (link.over !== undefined) return;
    this.#messages.unsubscribe();
    // guard: a replay that is over leaves no consumer
    this.#jetstream.ask(({ consumers }) => consumers.delete(stream, name)).catch(() => {});
  };
}
