import type { ConsumedMessage, MessageConsumer, Subscription } from '@sputnikjs/sidecar';
import { durableOf } from './durable.js';
import type { JetStream } from './jetstream.js';
import { Pull } from './pull.js';
import { sourceProblem } from './subject.js';

/** Consumes from streams, by durable pull consumers that other satellites may share. */
export class Consumer implements MessageConsumer {
  readonly #jetstream: JetStream;
  readonly #durable: string;

  constructor(jetstream: JetStream, durable: string) {
    this.#jetstream = jetstream;
    this.#durable = durable;
  }

  async consume(
    source: string,
    handler: (message: ConsumedMessage) => Promise<void>,
    { maxUnacknowledged = 256 }: { readonly maxUnacknowledged?: number | undefined } = {},
  ): Promise<Subscription> {
    checkSource(source);
    const durable = await durableOf(this.#jetstream, this.#durable, source, maxUnacknowledged);
    return new Pull(this.#jetstream, durable, handler, maxUnacknowledged);
  }
}

/** Throws what is wrong with a source. */
export function checkSource(source: string): void {
  const problem = sourceProblem(source);
  if (problem !== undefined) throw new Error(`cannot consume from ${JSON.stringify(source)}: ${problem}`);
}
