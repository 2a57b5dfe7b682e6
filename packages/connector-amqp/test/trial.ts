import { AMQP_CONFIG, connector } from '@sputnikjs/connector-amqp';
import type { MessagingTrial, Place } from '@sputnikjs/testkit';
import { rabbitmqServer, type Scope } from '@sputnikjs/testkit/servers';
import { storedIn, withPlain } from './helpers.js';

const make = (port: number, raw: object = {}): ReturnType<typeof connector.make> =>
  connector.make(AMQP_CONFIG.parse({ url: `amqp://127.0.0.1:${port}`, ...raw }));

/** A durable queue of its own, made by a client that is not the connector. */
async function placeOn(port: number, queue: string, limits: Record<string, unknown> = {}): Promise<Place> {
  await withPlain(port, (plain) => plain.queueDeclare({ queue, durable: true, arguments: limits }));
  return {
    target: queue,
    source: queue,
    stored: async () => (await storedIn(port, queue)).map(({ payload }) => payload),
    unhandled: () =>
      withPlain(port, async (plain) => (await plain.queueDeclare({ queue, passive: true })).messageCount),
  };
}

/** The trial of the connector with RabbitMQ and durable queues. */
export async function amqpTrial(scope: Scope): Promise<MessagingTrial> {
  const server = await rabbitmqServer(scope);
  let places = 0;
  return {
    server,
    make,
    makeUnwelcome: (port) => make(port, { username: 'guest', password: 'wrong' }),
    place: () => placeOn(server.port, `place${++places}`),
    full: async () => ({
      make: () => make(server.port),
      place: await placeOn(server.port, 'full', { 'x-max-length': 10, 'x-overflow': 'reject-publish' }),
      makeRoom: () =>
        withPlain(server.port, async (plain) => void (await plain.basicGet({ queue: 'full', noAck: true }))),
    }),
    features: {
      pushedLoss: true,
      durable: true,
      consumer: true,
      keeps: true,
      redelivers: true,
      headers: true,
      contentType: true,
    },
    // a classic queue (version 1) writes its journal out to files in their turn, that of the newest messages first
    gapsAtKill: true,
  };
}
