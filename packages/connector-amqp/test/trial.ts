import { AMQP_CONFIG, connector } from '@sputnikjs/connector-amqp';
import type { MessagingTrial, Place } from '@sputnikjs/testkit';
import { rabbitmqServer, type Scope } from '@sputnikjs/testkit/servers';
import { Connection } from 'rabbitmq-client';

const make = (port: number, raw: object = {}): ReturnType<typeof connector.make> =>
  connector.make(AMQP_CONFIG.parse({ url: `amqp://127.0.0.1:${port}`, ...raw }));

/** Has something done by a plain client of the library, on a connection of its own. */
async function withPlain<T>(port: number, work: (plain: Connection) => Promise<T>): Promise<T> {
  const plain = new Connection(`amqp://guest:guest@127.0.0.1:${port}`);
  plain.on('error', () => {});
  try {
    return await work(plain);
  } finally {
    await plain.close();
  }
}

/** All that is in a queue, which it leaves there. */
async function storedIn(port: number, queue: string): Promise<readonly string[]> {
  return withPlain(port, async (plain) => {
    const channel = await plain.acquire();
    const { messageCount } = await channel.queueDeclare({ queue, passive: true });
    const found: string[] = [];
    await channel.basicConsume({ queue }, ({ body }: { readonly body: unknown }) => found.push(String(body)));
    while (found.length < messageCount) await new Promise((resolve) => setImmediate(resolve));
    await channel.close();
    return found;
  });
}

/** A durable queue of its own, made by a client that is not the connector. */
async function placeOn(port: number, queue: string, limits: Record<string, unknown> = {}): Promise<Place> {
  await withPlain(port, (plain) => plain.queueDeclare({ queue, durable: true, arguments: limits }));
  return { target: queue, source: queue, stored: () => storedIn(port, queue) };
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
      connector: make(server.port),
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
  };
}
