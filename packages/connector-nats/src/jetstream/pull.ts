import { systemClock } from '@sputnikjs/core';
import { createInbox, nanos, type Msg, type Subscription as NatsSubscription } from '@nats-io/transport-node';
import type { MessageHandler, Subscription } from '@sputnikjs/messaging';
import { Handlers } from '@sputnikjs/messaging/connector';
import { Delivery, isDelivery } from './delivery.js';
import type { Durable } from './durable.js';
import type { JetStream } from './jetstream.js';
import { Late } from './late.js';
import type { NatsLink, NatsLinkUser } from '../link/link.js';

/** How a subscription finds its consumer again, and whom it tells. */
export interface Recovery {
  /** Returns the durable consumer. Creates it, and a configured stream, if they are missing. */
  readonly find: () => Promise<Durable>;
  /** Returns when the existing consumer was created; undefined if there is none. */
  readonly created: (durable: Durable) => Promise<string | undefined>;
  /** Called with why no messages come for now, and when the consumer is next looked for. */
  readonly failed: (error: Error, retryInMs: number) => void;
  readonly found: (durable: Durable) => void;
}

/** How long the server lets a request for messages wait, in milliseconds. */
const EXPIRES_MS = 10_000;
/** When a request should have come to its end, in milliseconds: the server has forgotten it then. */
const OVERDUE_MS = 15_000;
const TIMED_OUT = [404, 408];
/** After this time without messages, where there were some before, it is made sure that the consumer is still there, in milliseconds. */
const CHECK_MS = 1_000;
/** From the first trouble to the next check for the consumer, in milliseconds: doubles each time, up to the second. */
const RETRY_MS = [100, 30_000] as const;

/**
 * Calls a handler for the messages of a durable consumer. It requests as many as it has places for, and again when these have come, so that the
 * server never sends more than may be under way. It reports messages that stay under way to the server regularly, so that this does not deliver
 * them to somebody else. If the consumer or its stream was deleted, it looks for them until they are there again; the link, which others use,
 * stays.
 */
export class Pull implements Subscription, NatsLinkUser {
  readonly #jetstream: JetStream;
  readonly #link: NatsLink;
  readonly #recovery: Recovery;
  readonly #places: number;
  readonly #handlers: Handlers;
  readonly #inbox = createInbox();
  readonly #messages: NatsSubscription;
  readonly #checks: NodeJS.Timeout;
  readonly #over = new AbortController();
  #durable: Durable;
  #ticks: NodeJS.Timeout;
  /** Messages under way, or waiting for a place. */
  readonly #held = new Set<Delivery>();
  /** Messages without a place: they came late, after their request seemed lost. */
  readonly #waiting = new Late();
  /** Number of the request; part of the subject of its answers. */
  #request = 0;
  /** Number of messages that the current request may still bring. */
  #open = 0;
  #askedAt = 0;
  #isAsking = false;
  /** True if the consumer may be gone: it may have been deleted while no request was open. */
  #isDoubtful = false;
  /** Number of checks for the consumer that failed, one after the other. */
  #troubles = 0;
  #isRecovering = false;
  #stopping: Promise<void> | undefined;

  constructor(jetstream: JetStream, durable: Durable, handler: MessageHandler, places: number, recovery: Recovery) {
    this.#jetstream = jetstream;
    this.#recovery = recovery;
    this.#link = jetstream.link;
    this.#durable = durable;
    this.#places = places;
    this.#handlers = new Handlers(async (message) => handler(message));
    const callback = (error: Error | null, message: Msg): void => this.#received(error, message);
    this.#messages = this.#link.nats.subscribe(`${this.#inbox}.*`, { callback });
    this.#ticks = this.#startTicks();
    this.#checks = setInterval(() => this.#check(), CHECK_MS);
    this.#link.add(this);
    this.#askSoon();
  }

  ended(): void {
    this.#stopping ??= this.#handlers.idle();
    this.#over.abort();
    this.#stopTimers();
    this.#forget();
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #stop(): Promise<void> {
    this.#over.abort();
    for (const delivery of this.#waiting.drain()) this.#giveBack(delivery);
    try {
      await this.#link.during(this.#messages.drain());
      await this.#handlers.idle();
      await this.#link.during(this.#link.nats.flush());
    } catch {
      // a server that has gone has taken back what was not acknowledged
      await this.#handlers.idle();
    }
    this.#stopTimers();
    this.#link.remove(this);
  }

  #received(error: Error | null, message: Msg): void {
    if (this.#link.over !== undefined) return;
    if (error !== null)
      return this.#link.end(new Error(`cannot receive messages at ${this.#inbox}.*: ${error.message}`));
    if (!isDelivery(message)) return this.#answered(message);
    this.#troubles = 0;
    this.#isDoubtful = true;
    this.#open = Math.max(0, this.#open - 1);
    const delivery = new Delivery(this.#link.nats, message);
    this.#held.add(delivery);
    if (this.#stopping !== undefined) return this.#giveBack(delivery);
    if (this.#handlers.underWay < this.#places) void this.#handle(delivery);
    else this.#keep(delivery);
    this.#askSoon();
  }

  /** The server answers a request. Only the current request counts. */
  #answered({ subject, headers }: Msg): void {
    const code = headers?.code ?? 0;
    if (subject !== `${this.#inbox}.${this.#request}` || code < 200) return;
    this.#open = 0;
    if (!TIMED_OUT.includes(code)) return void this.#recover(headers?.description || `status ${code}`);
    this.#troubles = 0;
    this.#isDoubtful = false;
    this.#askSoon();
  }

  async #handle(delivery: Delivery): Promise<void> {
    await this.#handlers.handle(delivery.message, (error) => {
      // the consumer that delivered it may be gone: another would take it for one of its own
      if (!this.#held.delete(delivery)) return;
      if (error === undefined) delivery.ack();
      else delivery.retry();
    });
    const next = this.#waiting.shift();
    if (next !== undefined) void this.#handle(next);
    this.#askSoon();
  }

  #keep(delivery: Delivery): void {
    // guard: a server that sends more than it was asked for is left
    if (!this.#waiting.push(delivery))
      this.#link.end(new Error('the server sends more messages than it was asked for'));
  }

  #giveBack(delivery: Delivery): void {
    this.#held.delete(delivery);
    // guard: what was not begun is given back
    if (this.#link.over === undefined) delivery.giveBack();
  }

  /** At the end of the turn, when more places may have become free. */
  #askSoon(): void {
    if (this.#isAsking || this.#isRecovering || this.#open > 0) return;
    this.#isAsking = true;
    setImmediate(() => {
      this.#isAsking = false;
      this.#ask();
    });
  }

  #ask(): void {
    // guard: no more is asked for than there are places
    const free = this.#places - this.#handlers.underWay - this.#waiting.size;
    if (free <= 0 || this.#open > 0 || this.#isRecovering || this.#stopping !== undefined) return;
    const { stream, name, maxBatch, maxExpiresMs } = this.#durable;
    this.#open = Math.min(free, maxBatch);
    this.#askedAt = performance.now();
    const request = { batch: this.#open, expires: nanos(Math.min(EXPIRES_MS, maxExpiresMs)) };
    const reply = `${this.#inbox}.${++this.#request}`;
    this.#link.nats.publish(`${this.#jetstream.prefix}.CONSUMER.MSG.NEXT.${stream}.${name}`, JSON.stringify(request), {
      reply,
    });
  }

  #tick(): void {
    // guard: the server is told what is still under way
    for (const delivery of this.#held) delivery.working();
  }

  /** Checks the consumer: servers do not answer a request for one that is gone. */
  #check(): void {
    const waitedMs = this.#open > 0 ? performance.now() - this.#askedAt : 0;
    // the server was restarted behind our back
    if (waitedMs > OVERDUE_MS) return void this.#recover('no answer');
    // guard: a consumer that went while nobody asked it is looked for
    if (waitedMs < CHECK_MS || !this.#isDoubtful) return;
    this.#isDoubtful = false;
    const durable = this.#durable;
    this.#recovery.created(durable).then(
      (created) => created !== durable.created && this.#durable === durable && void this.#recover('it was deleted'),
      // it will be asked again
      () => (this.#isDoubtful = true),
    );
  }

  /** Looks for the consumer until it is there, or the subscription is over. */
  async #recover(why: string): Promise<void> {
    if (this.#isRecovering || this.#over.signal.aborted) return;
    this.#isRecovering = true;
    // what comes to the former request counts no more
    this.#request++;
    this.#open = 0;
    const { stream, name } = this.#durable;
    let error = new Error(`the consumer "${name}" of the stream "${stream}" delivers no messages: ${why}`);
    for (;;) {
      const waitMs = Math.min(RETRY_MS[0] * 2 ** this.#troubles++, RETRY_MS[1]);
      this.#recovery.failed(error, waitMs);
      await systemClock.sleep(waitMs, this.#over.signal);
      if (this.#over.signal.aborted) return;
      try {
        this.#goOn(await this.#recovery.find());
        break;
      } catch (cause) {
        if (this.#over.signal.aborted) return;
        error = cause as Error;
      }
    }
    this.#isRecovering = false;
    this.#isDoubtful = false;
    this.#askSoon();
  }

  #goOn(durable: Durable): void {
    if (this.#over.signal.aborted) return;
    // guard: what a consumer delivered that is gone is not acknowledged to the next
    if (durable.created !== this.#durable.created) this.#forget();
    this.#durable = durable;
    clearInterval(this.#ticks);
    this.#ticks = this.#startTicks();
    this.#recovery.found(durable);
  }

  /** Forgets what was delivered: it will not be acknowledged, and what has not begun comes again. */
  #forget(): void {
    this.#waiting.drain();
    this.#held.clear();
  }

  #startTicks(): NodeJS.Timeout {
    return setInterval(() => this.#tick(), this.#durable.ackWaitMs / 3);
  }

  #stopTimers(): void {
    clearInterval(this.#ticks);
    clearInterval(this.#checks);
  }
}
