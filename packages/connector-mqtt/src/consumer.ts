import { SputnikError, type Logger } from '@sputnikjs/core';
import {
  MAX_UNACKNOWLEDGED,
  type ConsumeOptions,
  type MessageConsumer,
  type MessageHandler,
  type Subscription,
} from '@sputnikjs/messaging';
import { Fifo } from '@sputnikjs/messaging/connector';
import type { MqttConfig } from './config.js';
import { Handling, type Delivery } from './handling.js';
import { MOST_RECEIVED_BYTES, type MqttLink, type MqttLinkUser } from './link.js';
import { pubackPacket } from './packets.js';
import { filterProblem, isShared } from './topic.js';

type ReceivedMessage = Parameters<NonNullable<MqttLinkUser['received']>>[0];

/** Most messages of QoS 0 that wait for a handler: nothing slows their publishers down. */
const MAX_WAITING_QOS0 = 1000;
/** About how many bytes a message takes besides its payload. */
const OVERHEAD = 500;

/**
 * Calls handlers, and acknowledges messages in the order in which they came (MQTT 3.1.1, 4.6). MQTT 3.1.1 has no negative acknowledgement, and
 * servers deliver again only over a new connection. So a message whose handler rejects stays unacknowledged, and the handler gets it again
 * after a while, until it is handled or the link ends.
 */
export class MqttConsumer implements MessageConsumer, MqttLinkUser {
  readonly #link: MqttLink;
  readonly #cleanSession: boolean;
  readonly #isEmbedded: boolean;
  readonly #log: Logger | undefined;
  readonly #handlings = new Set<Handling>();
  /** Deliveries of QoS 1 that are not acknowledged, in the order in which they came. */
  readonly #unacknowledged = new Fifo<Delivery>();
  /** Deliveries of QoS 1 to which nobody has subscribed yet. */
  #unclaimed: Delivery[] = [];
  #bytes = 0;
  #dropped = 0;

  constructor(link: MqttLink, { cleanSession, embedded }: Pick<MqttConfig, 'cleanSession' | 'embedded'>, log?: Logger) {
    this.#link = link;
    this.#cleanSession = cleanSession;
    this.#isEmbedded = embedded;
    this.#log = log;
    link.add(this);
  }

  async consume(
    source: string,
    handler: MessageHandler,
    { maxUnacknowledged = MAX_UNACKNOWLEDGED }: ConsumeOptions = {},
  ): Promise<Subscription> {
    const problem = filterProblem(source) ?? this.#sharingProblem(source);
    if (problem !== undefined) {
      const text = `cannot subscribe to ${JSON.stringify(source.slice(0, 200))}: ${problem}`;
      throw new SputnikError('BAD_CONFIG', text);
    }
    if (this.#link.over !== undefined) throw this.#link.over;
    const handling = new Handling(source, handler, maxUnacknowledged, (delivery, handled) =>
      this.#done(delivery, handled),
    );
    for (const old of this.#handlings) if (old.filter === source && old.stopped) this.#handlings.delete(old);
    this.#handlings.add(handling);
    this.#claim(handling);
    try {
      await this.#link.subscribe(source);
    } catch (cause) {
      void handling.stop();
      this.#handlings.delete(handling);
      if (cause === this.#link.over) throw cause;
      throw new Error(`the server refuses the subscription to ${JSON.stringify(source)}; may the user read it?`, {
        cause,
      });
    }
    return { stop: () => this.#stop(handling) };
  }

  #sharingProblem(source: string): string | undefined {
    return this.#isEmbedded && isShared(source) ? 'the embedded broker has no shared subscriptions' : undefined;
  }

  received({ topic, payload, qos, dup, messageId }: ReceivedMessage): void {
    const message = { source: topic, payload: payload as Buffer, redelivered: dup };
    const id = qos === 0 ? undefined : messageId;
    const delivery: Delivery = { message, id, bytes: OVERHEAD + payload.length, open: 1, abandoned: false };
    this.#bytes += delivery.bytes;
    // most servers stop long before: mosquitto at 20 messages
    if (this.#bytes > MOST_RECEIVED_BYTES)
      return this.#link.end(new Error('messages arrive faster than they are handled'));
    if (id !== undefined) this.#unacknowledged.push(delivery);
    const takers = [...this.#handlings].filter((handling) => !handling.stopped && handling.matches(topic));
    if (takers.length === 0) return this.#unexpected(delivery);
    delivery.open = takers.length;
    for (const handling of takers) this.#give(handling, delivery);
  }

  ended(): void {
    for (const handling of this.#handlings) void handling.stop();
    this.#unacknowledged.drain();
    this.#unclaimed = [];
  }

  /** Number of messages of QoS 0 that were dropped, since {@link MAX_WAITING_QOS0} others waited for their handler. */
  get dropped(): number {
    return this.#dropped;
  }

  #give(handling: Handling, delivery: Delivery): void {
    if (delivery.id !== undefined || handling.waiting < MAX_WAITING_QOS0) return handling.give(delivery);
    if (this.#dropped++ === 0)
      this.#log?.warn(
        { event: 'dropping', source: handling.filter },
        'messages of QoS 0 arrive faster than they are handled, and are dropped; publish with QoS 1',
      );
    this.#done(delivery, false);
  }

  /** A kept session delivers before anybody has subscribed again. */
  #unexpected(delivery: Delivery): void {
    if (!this.#cleanSession && delivery.id !== undefined) this.#unclaimed.push(delivery);
    else this.#done(delivery, false);
  }

  #claim(handling: Handling): void {
    const claimed = new Set(this.#unclaimed.filter(({ message }) => handling.matches(message.source)));
    this.#unclaimed = this.#unclaimed.filter((delivery) => !claimed.has(delivery));
    for (const delivery of claimed) handling.give(delivery);
  }

  #done(delivery: Delivery, handled: boolean): void {
    delivery.open--;
    if (!handled) delivery.abandoned = true;
    if (delivery.open === 0 && this.#keep(delivery)) return;
    if (delivery.open === 0) this.#bytes -= delivery.bytes;
    for (let first = this.#unacknowledged.first; first?.open === 0; first = this.#unacknowledged.first) {
      this.#unacknowledged.shift();
      // a kept session delivers again what was abandoned; a clean one never would, it would only wait for us
      if (first.id !== undefined && (this.#cleanSession || !first.abandoned)) this.#link.send(pubackPacket(first.id));
    }
  }

  /** A kept session delivers again only over a new connection: over this one, who subscribes next gets what was abandoned. */
  #keep(delivery: Delivery): boolean {
    if (this.#cleanSession || !delivery.abandoned || delivery.id === undefined || this.#link.over !== undefined)
      return false;
    delivery.message = { ...delivery.message, redelivered: true };
    delivery.abandoned = false;
    delivery.open = 1;
    this.#unclaimed.push(delivery);
    return true;
  }

  async #stop(handling: Handling): Promise<void> {
    const idle = handling.stop();
    const shared = [...this.#handlings].some(({ filter, stopped }) => filter === handling.filter && !stopped);
    // a kept session is meant to go on collecting
    if (this.#cleanSession && !shared && this.#link.over === undefined)
      await this.#link.unsubscribe(handling.filter).catch(() => {});
    await idle;
  }
}
