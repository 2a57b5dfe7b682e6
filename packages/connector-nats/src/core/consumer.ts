import type { Logger } from '@sputnikjs/core';
import {
  MAX_UNACKNOWLEDGED,
  type ConsumeOptions,
  type MessageConsumer,
  type MessageHandler,
  type Subscription,
} from '@sputnikjs/messaging';
import { CoreSubscription, type Drop } from './subscription.js';
import type { NatsLink } from '../link/link.js';
import { checkSource } from '../subject.js';

/**
 * Consumes without streams, in a queue group that satellites can share. The server forgets a message once it has sent it: messages that are not
 * handled are lost, which is counted and logged.
 */
export class CoreConsumer implements MessageConsumer {
  readonly #link: NatsLink;
  readonly #queue: string;
  readonly #log: Logger | undefined;
  #dropped = 0;

  constructor(link: NatsLink, queue: string, log?: Logger) {
    this.#link = link;
    this.#queue = queue;
    this.#log = log;
  }

  /** Number of messages lost in this process. */
  get dropped(): number {
    return this.#dropped;
  }

  async consume(
    source: string,
    handler: MessageHandler,
    { maxUnacknowledged = MAX_UNACKNOWLEDGED }: ConsumeOptions = {},
  ): Promise<Subscription> {
    checkSource(source);
    if (this.#link.over !== undefined) throw this.#link.over;
    const warned = new Set<Drop>();
    const dropped = (why: Drop, count: number): void => {
      this.#dropped += count;
      if (!warned.has(why)) this.#log?.warn({ event: 'dropping', source }, `messages of "${source}" are lost: ${why}`);
      warned.add(why);
    };
    const subscription = new CoreSubscription(this.#link, source, this.#queue, handler, maxUnacknowledged, dropped);
    await subscription.begun;
    return subscription;
  }
}
