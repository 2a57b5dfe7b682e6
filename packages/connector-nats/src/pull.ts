import { createInbox, nanos, type Msg, type Subscription as NatsSubscription } from '@nats-io/transport-node';
import type { ConsumedMessage, Subscription } from '@sputnikjs/sidecar';
import { Fifo, Handlers } from '@sputnikjs/sidecar/connector';
import { Delivery, isDelivery } from './delivery.js';
import type { Durable } from './durable.js';
import type { JetStream } from './jetstream.js';
import type { Link, LinkUser } from './link.js';

/** How long the server lets a request for messages wait, in milliseconds. */
const EXPIRES_MS = 10_000;
/** When a request should have come to its end, in milliseconds: the server has forgotten it then. */
const OVERDUE_MS = 15_000;
const TIMED_OUT = [404, 408];

/**
 * Has a handler handle the messages of a durable consumer. It asks for as many as it has places for, and again when these have come: so
 * the server never sends more than may be under way. What stays under way is reported to the server time and again, lest it
 * delivers it to somebody else.
 */
export class Pull implements Subscription, LinkUser {
  readonly #jetstream: JetStream;
  readonly #link: Link;
  readonly #durable: Durable;
  readonly #places: number;
  readonly #handlers: Handlers;
  readonly #inbox = createInbox();
  readonly #messages: NatsSubscription;
  readonly #ticks: NodeJS.Timeout;
  /** Under way, or waiting for a place. */
  readonly #held = new Set<Delivery>();
  /** Came though there was no place: late, after the request seemed lost. */
  readonly #waiting = new Fifo<Delivery>();
  /** Counts the requests; part of where their answers go. */
  #request = 0;
  /** Messages that the present request may still bring. */
  #open = 0;
  #askedAt = 0;
  #isAsking = false;
  #stopping: Promise<void> | undefined;

  constructor(
    jetstream: JetStream,
    durable: Durable,
    handler: (message: ConsumedMessage) => Promise<void>,
    places: number,
  ) {
    this.#jetstream = jetstream;
    this.#link = jetstream.link;
    this.#durable = durable;
    this.#places = places;
    this.#handlers = new Handlers(async (message) => handler(message));
    const callback = (error: Error | null, message: Msg): void => this.#received(error, message);
    this.#messages = this.#link.nats.subscribe(`${this.#inbox}.*`, { callback });
    this.#ticks = setInterval(() => this.#tick(), durable.ackWaitMs / 3);
    this.#link.add(this);
    this.#askSoon();
  }

  ended(): void {
    this.#stopping ??= this.#handlers.idle();
    clearInterval(this.#ticks);
    this.#waiting.drain();
    this.#held.clear();
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #stop(): Promise<void> {
    for (const delivery of this.#waiting.drain()) this.#giveBack(delivery);
    try {
      await this.#link.during(this.#messages.drain());
      await this.#handlers.idle();
      await this.#link.during(this.#link.nats.flush());
    } catch {
      // a server that has gone has taken back what was not acknowledged
      await this.#handlers.idle();
    }
    clearInterval(this.#ticks);
    this.#link.remove(this);
  }

  #received(error: Error | null, message: Msg): void {
    if (this.#link.over !== undefined) return;
    if (error !== null) return this.#link.end(new Error(`messages cannot come to ${this.#inbox}.*: ${error.message}`));
    if (!isDelivery(message)) return this.#answered(message);
    this.#open = Math.max(0, this.#open - 1);
    const delivery = new Delivery(this.#link.nats, message);
    this.#held.add(delivery);
    if (this.#stopping !== undefined) return this.#giveBack(delivery);
    if (this.#handlers.underWay < this.#places) void this.#handle(delivery);
    else this.#waiting.push(delivery);
    this.#askSoon();
  }

  /** The server says something about a request, of which only the present one counts. */
  #answered({ subject, headers }: Msg): void {
    const code = headers?.code ?? 0;
    if (subject !== `${this.#inbox}.${this.#request}` || code < 200) return;
    this.#open = 0;
    if (TIMED_OUT.includes(code)) return this.#askSoon();
    const { stream, name } = this.#durable;
    const why = headers?.description || `status ${code}`;
    this.#link.end(new Error(`the consumer "${name}" of the stream "${stream}" gives no messages: ${why}`));
  }

  async #handle(delivery: Delivery): Promise<void> {
    await this.#handlers.handle(delivery.message, (error) => {
      this.#held.delete(delivery);
      if (this.#link.over !== undefined) return;
      if (error === undefined) delivery.ack();
      else delivery.retry();
    });
    const next = this.#waiting.shift();
    if (next !== undefined) void this.#handle(next);
    this.#askSoon();
  }

  #giveBack(delivery: Delivery): void {
    this.#held.delete(delivery);
    if (this.#link.over === undefined) delivery.giveBack();
  }

  /** At the end of the turn, when more places may have become free. */
  #askSoon(): void {
    if (this.#isAsking || this.#open > 0) return;
    this.#isAsking = true;
    setImmediate(() => {
      this.#isAsking = false;
      this.#ask();
    });
  }

  #ask(): void {
    const free = this.#places - this.#handlers.underWay - this.#waiting.size;
    if (free <= 0 || this.#open > 0 || this.#stopping !== undefined) return;
    const { stream, name, maxBatch, maxExpiresMs } = this.#durable;
    this.#open = Math.min(free, maxBatch);
    this.#askedAt = performance.now();
    const request = { batch: this.#open, expires: nanos(Math.min(EXPIRES_MS, maxExpiresMs)) };
    const reply = `${this.#inbox}.${++this.#request}`;
    this.#link.nats.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${name}`, JSON.stringify(request), { reply });
  }

  #tick(): void {
    for (const delivery of this.#held) delivery.working();
    if (this.#open > 0 && performance.now() - this.#askedAt > OVERDUE_MS) void this.#askAgain();
  }

  /** A request without an answer: the server was restarted behind our back, or the consumer is gone. */
  async #askAgain(): Promise<void> {
    this.#askedAt = performance.now();
    const { stream, name } = this.#durable;
    try {
      await this.#jetstream.ask(({ consumers }) => consumers.info(stream, name));
      this.#open = 0;
      this.#askSoon();
    } catch (error) {
      this.#link.end(new Error(`the consumer "${name}" of the stream "${stream}" is gone`, { cause: error }));
    }
  }
}
