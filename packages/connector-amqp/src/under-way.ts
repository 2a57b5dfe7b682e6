import type { MessageHandler } from '@sputnikjs/messaging';
import { Fifo, Handlers } from '@sputnikjs/messaging/connector';
import type { AsyncMessage, Channel } from 'rabbitmq-client';
import { isAgain, messageOf } from './delivery.js';

/** From a handler's rejection to the next delivery, in milliseconds. */
const RETRY_MS = 1000;

interface Held {
  delivery: AsyncMessage;
  /** The channel that it came on, and is acknowledged on; undefined when that is over. */
  on: Channel | undefined;
}

/**
 * The messages of a subscription that are under way. When a channel is over the server delivers again what was not acknowledged on it: a
 * message whose handler is still under way then waits for that one, and is not handed out a second time.
 */
export class UnderWay {
  readonly #handlers: Handlers;
  readonly #limit: number;
  /** Being handled. */
  readonly #held = new Set<Held>();
  /** Found so many others under way that come from a former channel. */
  readonly #waiting = new Fifo<Held>();
  readonly #retries = new Map<NodeJS.Timeout, Channel>();
  #isStopped = false;

  constructor(handler: MessageHandler, limit: number) {
    this.#handlers = new Handlers(handler);
    this.#limit = limit;
  }

  /** Has a message of this channel handled, and acknowledges it there. */
  handle(channel: Channel, delivery: AsyncMessage): void {
    if (delivery.redelivered)
      for (const held of this.#held)
        // guard: a message whose handler is under way is not handed out twice
        if (held.on === undefined && isAgain(held.delivery, delivery)) {
          held.on = channel;
          held.delivery = delivery;
          return;
        }
    this.#waiting.push({ on: channel, delivery });
    this.#handleNext();
  }

  /** A channel is over: nothing can be acknowledged on it any more, and what has not begun comes again. */
  forget(channel: Channel): void {
    for (const held of this.#held) if (held.on === channel) held.on = undefined;
    for (const held of this.#waiting.drain()) if (held.on !== channel) this.#waiting.push(held);
    for (const [retry, on] of this.#retries) if (on === channel) this.#cancel(retry);
  }

  /** Begins no further message; what failed is not given back any more, as it is when its channel ends. */
  stop(): void {
    this.#isStopped = true;
    this.#waiting.drain();
    for (const retry of this.#retries.keys()) this.#cancel(retry);
  }

  /** True if more wait than may be under way: the server was asked for no more. */
  get isExceeded(): boolean {
    return this.#waiting.size > this.#limit;
  }

  /** Resolves when no handler is under way. */
  idle(): Promise<void> {
    return this.#handlers.idle();
  }

  #handleNext(): void {
    while (this.#handlers.underWay < this.#limit) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#held.add(next);
      void this.#handle(next);
    }
  }

  async #handle(held: Held): Promise<void> {
    await this.#handlers.handle(messageOf(held.delivery), (error) => {
      this.#held.delete(held);
      const { on, delivery } = held;
      // the server has it again
      if (on === undefined) return;
      if (error === undefined) on.basicAck({ deliveryTag: delivery.deliveryTag });
      else this.#giveBackLater(on, delivery);
    });
    this.#handleNext();
  }

  /** Given back at once it would come again at once. */
  #giveBackLater(channel: Channel, { deliveryTag }: AsyncMessage): void {
    if (this.#isStopped) return;
    // guard: what a handler rejects comes later, not at once
    const retry = setTimeout(() => {
      this.#retries.delete(retry);
      if (channel.active) channel.basicNack({ deliveryTag, requeue: true });
    }, RETRY_MS);
    this.#retries.set(retry, channel);
  }

  #cancel(retry: NodeJS.Timeout): void {
    clearTimeout(retry);
    this.#retries.delete(retry);
  }
}
