import type { AMQPError, Channel } from 'rabbitmq-client';
import type { AmqpConfig } from './config.js';
import type { Link } from './link.js';
import type { QueueConfig } from './topology-config.js';

/** What is to be done about a refusal, by its code. */
const ADVICE: Readonly<Record<string, string>> = {
  NOT_FOUND: 'create the exchange, or list it in "exchanges"',
  PRECONDITION_FAILED: 'delete it on the server, or configure it as it is there',
  ACCESS_REFUSED:
    'give the user the permission on the server, or create it there and leave it out of the configuration',
};

/** Makes what is missing of exchanges, queues and bindings, and checks what is there. Rejects with what is in the way. */
export async function prepareTopology(link: Link, { exchange, exchanges, queues }: AmqpConfig): Promise<void> {
  const channel = await link.channel('consumer', (error) => link.end(error));
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
    const { name, bindings } = queue;
    await step(`the queue "${name}"`, channel.queueDeclare(declarationOf(queue)));
    for (const binding of bindings)
      await step(
        `the binding of the queue "${name}" to the exchange "${binding.exchange}"`,
        channel.queueBind({ queue: name, exchange: binding.exchange, routingKey: binding.key }),
      );
  }
  await link.during(channel.close());
}

function declarationOf(queue: QueueConfig): Parameters<Channel['queueDeclare']>[0] {
  const { name, type, durable, maxLength, overflow = 'reject-publish', messageTtlSeconds } = queue;
  return {
    queue: name,
    durable,
    arguments: {
      'x-queue-type': type,
      ...(maxLength !== undefined && { 'x-max-length': maxLength, 'x-overflow': overflow }),
      ...(messageTtlSeconds !== undefined && { 'x-message-ttl': Math.round(messageTtlSeconds * 1000) }),
    },
  };
}
