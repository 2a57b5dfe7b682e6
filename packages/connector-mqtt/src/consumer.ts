import { systemClock, type SputnikError } from '@sputnikjs/core';
import type { ConsumedMessage, MessageConsumer, Subscription } from '@sputnikjs/sidecar';
import { Fifo } from './fifo.js';
import type { Link, LinkUser } from './link.js';
import { pubackPacket } from './packets.js';
import { filterProblem, matches } from './topic.js';

type ReceivedMessage = Parameters<NonNullable<LinkUser['received']>>[0];
type Handler = (message: ConsumedMessage) => Promise<void>;

/** A message that the server has sent. */
interface Delivery {
  message: ConsumedMessage;
  /** The packet identifier; none at QoS 0. */
  readonly id: number | undefined;
  readonly bytes: number;
  /** Handlers that have not handled it yet. */
  open: number;
  /** Some handler is not going to handle it. */
  abandoned: boolean;
}

interface Wish {
  readonly filter: string;
  readonly handler: Handler;
  readonly limit: number;
  readonly waiting: Fifo<Delivery>;
  /** Aborts when it is stopped, or the link ended. */
  readonly stop: AbortController;
  running: number;
  idle: () => void;
}

/** From a handler's rejection to its next try, in milliseconds: doubles, up to the second. */
const RETRY_MS = [1000, 30_000] as const;
/** Messages of QoS 0 that wait for a handler, at most: nothing holds their publishers back. */
const MAX_WAITING_QOS0 = 1000;
/** What all messages that are not handled yet take, at most. Most servers stop long before: mosquitto at 20 messages. */
const MAX_BYTES = 32 * 1024 * 1024;
/** What a message takes beside its payload, about. */
const OVERHEAD = 500;

/**
 * Has handlers called, and acknowledges messages in the order in which they came (MQTT 3.1.1, 4.6). MQTT 3.1.1 knows no
 * negative acknowledgement, and servers deliver again only to a new connection: a message whose handler rejects stays
 * unacknowledged and is handed to it again after a while, until it is handled or the link ends.
 */
export class Consumer implements MessageConsumer, LinkUser {
  readonly #link: Link;
  readonly #cleanSession: boolean;
  readonly #wishes = new Set<Wish>();
  /** Deliveries of QoS 1 in the order they came, not yet acknowledged. */
  readonly #unacknowledged = new Fifo<Delivery>();
  /** Deliveries of QoS 1 that nobody has subscribed to, yet. */
  #unclaimed: Delivery[] = [];
  #bytes = 0;
  #dropped = 0;

  constructor(link: Link, cleanSession: boolean) {
    this.#link = link;
    this.#cleanSession = cleanSession;
    link.add(this);
  }

  /** Messages of QoS 0 that found {@link MAX_WAITING_QOS0} others waiting. */
  get dropped(): number {
    return this.#dropped;
  }

  async consume(
    source: string,
    handler: Handler,
    { maxUnacknowledged = 256 }: { readonly maxUnacknowledged?: number | undefined } = {},
  ): Promise<Subscription> {
    const problem = filterProblem(source);
    if (problem !== undefined) throw new Error(`cannot subscribe to ${JSON.stringify(source)}: ${problem}`);
    if (this.#link.over !== undefined) throw this.#link.over;
    const wish: Wish = {
      filter: source,
      handler,
      limit: maxUnacknowledged,
      waiting: new Fifo(),
      stop: new AbortController(),
      running: 0,
      idle: () => {},
    };
    for (const old of this.#wishes) if (old.filter === source && old.stop.signal.aborted) this.#wishes.delete(old);
    this.#wishes.add(wish);
    this.#claim(wish);
    try {
      await this.#link.subscribe(source);
    } catch (error) {
      this.#abandon(wish);
      this.#wishes.delete(wish);
      if (error === this.#link.over) throw error;
      throw new Error(`the server refuses the subscription to ${JSON.stringify(source)}; may the user read it?`, {
        cause: error,
      });
    }
    return { stop: () => this.#stop(wish) };
  }

  received({ topic, payload, qos, dup, messageId }: ReceivedMessage): void {
    const message = { source: topic, payload: payload as Buffer, redelivered: dup };
    const id = qos === 0 ? undefined : messageId;
    const delivery: Delivery = { message, id, bytes: OVERHEAD + payload.length, open: 1, abandoned: false };
    this.#bytes += delivery.bytes;
    if (this.#bytes > MAX_BYTES) return this.#link.end(new Error('messages come faster than they are handled'));
    const wishes = [...this.#wishes].filter(({ filter }) => matches(filter, topic));
    if (delivery.id !== undefined) this.#unacknowledged.push(delivery);
    if (wishes.length === 0) return this.#unexpected(delivery);
    delivery.open = wishes.length;
    for (const wish of wishes) this.#give(wish, delivery);
  }

  ended(_error: SputnikError): void {
    for (const wish of this.#wishes) this.#abandon(wish);
    this.#unacknowledged.drain();
    this.#unclaimed = [];
  }

  /** A kept session sends before anybody has subscribed anew. */
  #unexpected(delivery: Delivery): void {
    if (!this.#cleanSession && delivery.id !== undefined) this.#unclaimed.push(delivery);
    else this.#done(delivery, false);
  }

  #give(wish: Wish, delivery: Delivery): void {
    if (wish.stop.signal.aborted) return this.#done(delivery, false);
    if (delivery.id === undefined && wish.waiting.size >= MAX_WAITING_QOS0) {
      this.#dropped++;
      return this.#done(delivery, false);
    }
    wish.waiting.push(delivery);
    this.#next(wish);
  }

  #claim(wish: Wish): void {
    const claimed = this.#unclaimed.filter(({ message }) => matches(wish.filter, message.source));
    this.#unclaimed = this.#unclaimed.filter((delivery) => !claimed.includes(delivery));
    for (const delivery of claimed) this.#give(wish, delivery);
  }

  #next(wish: Wish): void {
    while (wish.running < wish.limit) {
      const delivery = wish.waiting.shift();
      if (delivery === undefined) return;
      wish.running++;
      void this.#handle(wish, delivery);
    }
  }

  async #handle(wish: Wish, delivery: Delivery): Promise<void> {
    const { signal } = wish.stop;
    let handled = false;
    for (let wait: number = RETRY_MS[0]; !handled; wait = Math.min(wait * 2, RETRY_MS[1])) {
      try {
        await wish.handler(delivery.message);
        handled = true;
      } catch {
        // whoever rejects knows why; here it only means: not yet
        await systemClock.sleep(wait, signal);
        if (signal.aborted) break;
        delivery.message = { ...delivery.message, redelivered: true };
      }
    }
    wish.running--;
    this.#done(delivery, handled);
    if (signal.aborted && wish.running === 0) wish.idle();
    else this.#next(wish);
  }

  #done(delivery: Delivery, handled: boolean): void {
    delivery.open--;
    if (delivery.open === 0) this.#bytes -= delivery.bytes;
    if (!handled) delivery.abandoned = true;
    for (let first = this.#unacknowledged.first; first?.open === 0; first = this.#unacknowledged.first) {
      this.#unacknowledged.shift();
      // a kept session delivers again what was abandoned; a clean one never would, it would only wait for us
      if (first.id !== undefined && (this.#cleanSession || !first.abandoned)) this.#link.send(pubackPacket(first.id));
    }
  }

  #abandon(wish: Wish): void {
    wish.stop.abort();
    for (const delivery of wish.waiting.drain()) this.#done(delivery, false);
  }

  async #stop(wish: Wish): Promise<void> {
    const idle = new Promise<void>((resolve) => {
      wish.idle = resolve;
      if (wish.running === 0) resolve();
    });
    this.#abandon(wish);
    const shared = [...this.#wishes].some((other) => other.filter === wish.filter && !other.stop.signal.aborted);
    // a kept session is meant to go on collecting
    if (this.#cleanSession && !shared && this.#link.over === undefined)
      await this.#link.unsubscribe(wish.filter).catch(() => {});
    await idle;
  }
}
