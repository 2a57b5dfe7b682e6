import type { Logger } from '@sputnikjs/core';
import {
  MAX_UNACKNOWLEDGED,
  type ConsumeOptions,
  type MessageConsumer,
  type MessageHandler,
  type Subscription,
} from '@sputnikjs/messaging';
import { durableOf, type Durable } from './durable.js';
import { Pull } from './pull.js';
import type { Streams } from './streams.js';
import { checkSource } from '../subject.js';

/** Consumes from streams, with durable pull consumers that satellites can share. */
export class JetStreamConsumer implements MessageConsumer {
  readonly #streams: Streams;
  readonly #durable: string;
  readonly #log: Logger | undefined;

  constructor(streams: Streams, durable: string, log?: Logger) {
    this.#streams = streams;
    this.#durable = durable;
    this.#log = log;
  }

  async consume(
    source: string,
    handler: MessageHandler,
    { maxUnacknowledged = MAX_UNACKNOWLEDGED }: ConsumeOptions = {},
  ): Promise<Subscription> {
    checkSource(source);
    const find = (): Promise<Durable> => durableOf(this.#streams, this.#durable, source, maxUnacknowledged);
    const durable = await find();
    return new Pull(this.#streams.jetstream, durable, handler, maxUnacknowledged, {
      find,
      created: async ({ stream, name }) =>
        (await this.#streams.jetstream.find(({ consumers }) => consumers.info(stream, name)))?.created,
      failed: (error, retryInMs) => {
        const text = `cannot consume "${source}" for now: ${error.message}; trying again in ${retryInMs / 1000} s`;
        this.#log?.warn({ event: 'consumeFailed', source, retryInMs, error }, text);
      },
      found: ({ name, stream }) => {
        const text = `the consumer "${name}" of the stream "${stream}" delivers messages of "${source}" again`;
        this.#log?.info({ event: 'consumingAgain', source, stream }, text);
      },
    });
  }
}
