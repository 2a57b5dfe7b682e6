import { systemClock, type Logger } from '@sputnikjs/core';
import type { MessageHandler, Subscription } from '@sputnikjs/messaging';
import type { AMQPError, AsyncMessage, Channel } from 'rabbitmq-client';
import { keepBytes } from './keep-bytes.js';
import type { AmqpLink, AmqpLinkUser } from './link.js';
import type { Topology } from './topology.js';
import { UnderWay } from './under-way.js';

/** Largest value of two bytes, which AMQP has for it. */
const MAX_PREFETCH = 65_535;
/** Delay from an interruption to the next try, in milliseconds: doubles each time, from the first value to the second. */
const RETRY_MS = [100, 30_000] as const;

/** What a subscription needs. */
export interface SubscriptionParts {
  readonly link: AmqpLink;
  readonly topology: Topology;
  readonly log: Logger | undefined;
}

/**
 * Calls a handler for the messages of a queue, over its own channel and connection. If the server stops delivering, since the queue was deleted or a
 * handler takes longer than the server allows, it subscribes again until it succeeds; the link, which others use, stays.
 */
export class QueueSubscription implements Subscription, AmqpLinkUser {
  readonly #parts: SubscriptionParts;
  readonly #queue: string;
  readonly #prefetch: number;
  readonly #underWay: UnderWay;
  readonly #over = new AbortController();
  #current: { readonly channel: Channel; readonly tag: string } | undefined;
  /** Number of interruptions and failed tries since the last message. */
  #troubles = 0;
  #recovering: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;

  /** Subscribes: resolves when the server delivers, rejects with why it does not. The server bounds how many messages are under way. */
  static async to(
    parts: SubscriptionParts,
    queue: string,
    handler: MessageHandler,
    maxUnacknowledged: number,
  ): Promise<QueueSubscription> {
    const subscription = new QueueSubscription(parts, queue, handler, maxUnacknowledged);
    await subscription.#subscribe();
    parts.link.add(subscription);
    return subscription;
  }

  private constructor(parts: SubscriptionParts, queue: string, handler: MessageHandler, maxUnacknowledged: number) {
    this.#parts = parts;
    this.#queue = queue;
    // guard: the server bounds what is under way
    this.#prefetch = Math.min(maxUnacknowledged, MAX_PREFETCH);
    this.#underWay = new UnderWay(handler, this.#prefetch);
  }

  ended(): void {
    this.#over.abort();
    this.#underWay.stop();
    if (this.#current !== undefined) this.#underWay.forget(this.#current.channel);
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #stop(): Promise<void> {
    const { link } = this.#parts;
    this.#over.abort();
    this.#underWay.stop();
    await this.#recovering;
    try {
      if (this.#current !== undefined) await link.during(this.#current.channel.basicCancel(this.#current.tag));
      await this.#underWay.idle();
      // what is not acknowledged goes back to the queue
      if (this.#current !== undefined) await link.during(this.#current.channel.close());
    } catch {
      // so it does when the channel or the link has ended
      await this.#underWay.idle();
    }
    link.remove(this);
  }

  /** Subscribes; creates the queue again if it is configured and missing. */
  async #subscribe(): Promise<void> {
    const { topology, link } = this.#parts;
    try {
      await this.#open();
    } catch (error) {
      const isMissing = (error as Partial<AMQPError>).code === 'NOT_FOUND';
      if (!isMissing || !topology.hasQueue(this.#queue) || link.over !== undefined) throw error;
      await topology.prepare();
      await this.#open();
    }
  }

  async #open(): Promise<void> {
    const { link } = this.#parts;
    let opened: Channel | undefined;
    let failure: Error | undefined;
    const failed = (error: Error): void => {
      failure = error;
      if (opened !== undefined) this.#interrupted(opened, error);
    };
    try {
      const channel = (opened = keepBytes(await link.channelOfItsOwn(failed)));
      const received = (delivery: AsyncMessage): void => this.#received(channel, delivery);
      channel.on('basic.cancel', () => failed(new Error('the server has stopped its deliveries; was it deleted?')));
      await link.during(channel.basicQos({ prefetchCount: this.#prefetch }));
      const { consumerTag: tag } = await link.during(channel.basicConsume({ queue: this.#queue }, received));
      if (failure !== undefined) throw failure;
      this.#current = { channel, tag };
    } catch (error) {
      void opened?.close();
      // its connection may be the first to notice that all are gone
      if (!(await link.ping())) throw link.over ?? error;
      throw failure ?? error;
    }
  }

  #received(channel: Channel, delivery: AsyncMessage): void {
    if (this.#over.signal.aborted || this.#current?.channel !== channel) return;
    this.#troubles = 0;
    this.#underWay.handle(channel, delivery);
    // guard: a server that delivers more than it was asked for is left
    if (this.#underWay.isExceeded)
      this.#parts.link.end(
        new Error(`the server delivers more messages than the connector asked for (${this.#prefetch})`),
      );
  }

  /** The server no longer delivers on a channel. */
  #interrupted(channel: Channel, error: Error): void {
    if (this.#current?.channel !== channel) return;
    this.#current = undefined;
    this.#underWay.forget(channel);
    // what was not acknowledged comes again, on the next one
    void channel.close();
    // guard: an interrupted subscription comes back
    if (!this.#over.signal.aborted) this.#recovering = this.#recover(error);
  }

  /** Subscribes again, until that succeeds or the subscription is over. */
  async #recover(reason: Error): Promise<void> {
    for (let error = reason; !this.#over.signal.aborted;) {
      const waitMs = Math.min(RETRY_MS[0] * 2 ** this.#troubles++, RETRY_MS[1]);
      this.#failed(error, waitMs);
      await systemClock.sleep(waitMs, this.#over.signal);
      if (this.#over.signal.aborted) return;
      try {
        await this.#subscribe();
        const text = `the queue "${this.#queue}" delivers messages again`;
        this.#parts.log?.info({ event: 'consumingAgain', source: this.#queue }, text);
        return;
      } catch (cause) {
        error = cause as Error;
      }
    }
  }

  #failed(error: Error, retryInMs: number): void {
    const text = `cannot consume from the queue "${this.#queue}" for now: ${error.message}; trying again in ${retryInMs / 1000} s`;
    this.#parts.log?.warn({ event: 'consumeFailed', source: this.#queue, retryInMs, error }, text);
  }
}
