import type { ConsumedMessage, Subscription } from '@sputnikjs/sidecar';
import { Handlers, type LinkUser } from '@sputnikjs/sidecar/connector';
import type { AsyncMessage, Channel } from 'rabbitmq-client';
import { messageOf } from './delivery.js';
import { keepBytes } from './keep-bytes.js';
import type { Link } from './link.js';

/** From a handler's rejection to the next delivery, in milliseconds. */
const RETRY_MS = 1000;
/** What AMQP has two bytes for. */
const MAX_PREFETCH = 65_535;

/** Has a handler handle the messages of a queue, on a channel of its own. */
export class QueueSubscription implements Subscription, LinkUser {
  readonly #link: Link;
  readonly #channel: Channel;
  readonly #queue: string;
  readonly #handlers: Handlers;
  readonly #retries = new Set<NodeJS.Timeout>();
  #tag: string | undefined;
  #stopping: Promise<void> | undefined;

  /** Resolves when the server delivers. The server bounds how many are under way. */
  static async to(
    link: Link,
    queue: string,
    handler: (message: ConsumedMessage) => Promise<void>,
    maxUnacknowledged: number,
  ): Promise<QueueSubscription> {
    const channel = keepBytes(await link.channel('consumer', (error) => link.end(error)));
    const subscription = new QueueSubscription(link, channel, queue, handler);
    await link.during(channel.basicQos({ prefetchCount: Math.min(maxUnacknowledged, MAX_PREFETCH) }));
    const consuming = channel.basicConsume({ queue }, (delivery) => subscription.#received(delivery));
    subscription.#tag = (await link.during(consuming)).consumerTag;
    return subscription;
  }

  private constructor(
    link: Link,
    channel: Channel,
    queue: string,
    handler: (message: ConsumedMessage) => Promise<void>,
  ) {
    this.#link = link;
    this.#channel = channel;
    this.#queue = queue;
    this.#handlers = new Handlers(handler);
    channel.on('basic.cancel', () => this.#cancelled());
    channel.once('close', () => this.ended());
    link.add(this);
  }

  ended(): void {
    this.#link.remove(this);
    this.#forgetRetries();
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  async #stop(): Promise<void> {
    this.#forgetRetries();
    try {
      if (this.#tag !== undefined) await this.#link.during(this.#channel.basicCancel(this.#tag));
      await this.#handlers.idle();
      // what is not acknowledged goes back to the queue
      await this.#link.during(this.#channel.close());
    } catch {
      // so it does when the link has ended
      await this.#handlers.idle();
    }
  }

  #received(delivery: AsyncMessage): void {
    if (this.#isOver) return;
    void this.#handlers.handle(messageOf(delivery), (error) => {
      if (error === undefined) this.#channel.basicAck({ deliveryTag: delivery.deliveryTag });
      else this.#retry(delivery);
    });
  }

  /** Given back at once it would come again at once. */
  #retry({ deliveryTag }: AsyncMessage): void {
    if (this.#isOver) return;
    const retry = setTimeout(() => {
      this.#retries.delete(retry);
      this.#channel.basicNack({ deliveryTag, requeue: true });
    }, RETRY_MS);
    this.#retries.add(retry);
  }

  get #isOver(): boolean {
    return this.#stopping !== undefined || !this.#channel.active;
  }

  #forgetRetries(): void {
    for (const retry of this.#retries) clearTimeout(retry);
    this.#retries.clear();
  }

  /** At the next link the queue may be there again, or whoever consumes learns that it is not. */
  #cancelled(): void {
    this.#link.end(new Error(`the server delivers no more from the queue "${this.#queue}"; has it been deleted?`));
  }
}
