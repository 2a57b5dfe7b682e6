import type { AMQPError } from 'rabbitmq-client';
import type { AmqpConfig } from './config.js';
import type { AmqpLink } from './link.js';
import { mayBind } from './routing.js';
import { argumentsOf } from './topology-config.js';

/** What is to be done about a refusal, by its code. */
const ADVICE: Readonly<Record<string, string>> = {
  NOT_FOUND: 'create the exchange, or list it in "exchanges"',
  PRECONDITION_FAILED: 'delete it on the server, or configure it as it is on the server',
  ACCESS_REFUSED:
    'give the user the permission on the server, or create it there and leave it out of the configuration',
};

/** The configured exchanges, queues and bindings of a server: made when they are missing, checked when not. */
export class Topology {
  readonly #link: AmqpLink;
  readonly #config: AmqpConfig;
  #preparing: Promise<void> | undefined;

  constructor(link: AmqpLink, config: AmqpConfig) {
    this.#link = link;
    this.#config = config;
  }

  /** Makes what is missing, once for all who ask meanwhile. Rejects with what is in the way. */
  prepare(): Promise<void> {
    return (this.#preparing ??= this.#prepare().finally(() => (this.#preparing = undefined)));
  }

  /** True if the configuration has a queue of that name. */
  hasQueue(queue: string): boolean {
    return this.#config.queues.some(({ name }) => name === queue);
  }

  /** True if a message to that target may have a queue when all that is configured is there. */
  mayRoute(target: string): boolean {
    const { exchange, exchanges, queues } = this.#config;
    if (exchange === '') return this.hasQueue(target);
    const type = exchanges.find(({ name }) => name === exchange)?.type;
    const bindings = queues.flatMap((queue) => queue.bindings).filter((binding) => binding.exchange === exchange);
    return bindings.some(({ key }) => mayBind(type, key, target));
  }

  async #prepare(): Promise<void> {
    const { exchange, exchanges, queues } = this.#config;
    const link = this.#link;
    const channel = await link.channel('control', (error) => link.end(error));
    const step = async (what: string, work: Promise<unknown>): Promise<void> => {
      try {
        await link.during(work);
      } catch (cause) {
        if (cause === link.over) throw cause;
        const { code, message } = cause as AMQPError;
        const advice = ADVICE[code] === undefined ? '' : `; ${ADVICE[code]}`;
        throw new Error(`${what}: ${message}${advice}`, { cause });
      }
    };
    for (const { name, type } of exchanges)
      await step(`the exchange "${name}"`, channel.exchangeDeclare({ exchange: name, type, durable: true }));
    if (exchange !== '')
      await step(`the exchange "${exchange}" to publish to`, channel.exchangeDeclare({ exchange, passive: true }));
    for (const queue of queues) {
      const { name, durable, bindings } = queue;
      const declared = channel.queueDeclare({ queue: name, durable, arguments: argumentsOf(queue) });
      await step(`the queue "${name}"`, declared);
      for (const binding of bindings)
        await step(
          `the binding of the queue "${name}" to the exchange "${binding.exchange}"`,
          channel.queueBind({ queue: name, exchange: binding.exchange, routingKey: binding.key }),
        );
    }
    await link.during(channel.close());
  }
}
