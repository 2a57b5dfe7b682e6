import type { ConsumedMessage, MessageConsumer, Subscription } from '@sputnikjs/sidecar';
import type { Link } from './link.js';
import { isShort } from './short-text.js';
import { QueueSubscription } from './subscription.js';

/** Consumes from queues. */
export class Consumer implements MessageConsumer {
  readonly #link: Link;

  constructor(link: Link) {
    this.#link = link;
  }

  async consume(
    source: string,
    handler: (message: ConsumedMessage) => Promise<void>,
    { maxUnacknowledged = 256 }: { readonly maxUnacknowledged?: number | undefined } = {},
  ): Promise<Subscription> {
    const what = `cannot consume from the queue ${JSON.stringify(source.slice(0, 200))}`;
    if (source === '' || !isShort(source)) throw new Error(`${what}: the name of a queue has 1 to 255 bytes`);
    try {
      return await QueueSubscription.to(this.#link, source, handler, maxUnacknowledged);
    } catch (cause) {
      if (cause === this.#link.over) throw cause;
      const { message } = cause as Error;
      const advice = message.includes('NOT_FOUND') ? '; create it ("queues" of the connector does)' : '';
      throw new Error(`${what}: ${message}${advice}`, { cause });
    }
  }
}
