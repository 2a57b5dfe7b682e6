import { AMQP_CONFIG, connector } from '@sputnikjs/connector-amqp';
import type {
  Arrival,
  LongHandling,
  MessagingTrial,
  Destination,
  PlainMessage,
  RequestsOnTrial,
  TargetsOnTrial,
} from '@sputnikjs/testkit';
import { rabbitmqServer, type RabbitmqServer, type Scope } from '@sputnikjs/testkit/servers';
import { Connection, type AsyncMessage, type Envelope } from 'rabbitmq-client';
import { addQueue, removeQueue, storedIn, withPlain } from './helpers.js';

const make = (port: number, raw: object = {}): ReturnType<typeof connector.make> =>
  connector.make(AMQP_CONFIG.parse({ url: `amqp://127.0.0.1:${port}`, ...raw }));

function destinationOf(port: number, queue: string): Destination {
  return {
    target: queue,
    source: queue,
    stored: async () => (await storedIn(port, queue)).map(({ payload }) => payload),
    unhandled: () =>
      withPlain(port, async (plain) => (await plain.queueDeclare({ queue, passive: true })).messageCount),
  };
}

/** A durable queue of its own, made by a client that is not the connector. */
async function destinationOn(port: number, queue: string, limits?: Record<string, unknown>): Promise<Destination> {
  await addQueue(port, queue, limits);
  return destinationOf(port, queue);
}

/**
 * A server that waits five seconds for an acknowledgement, and looks after it twice a second. So it ends the channel once, in the middle of
 * the handling: where a handler ends while there is no channel, its message comes again.
 */
async function longHandling(scope: Scope): Promise<LongHandling> {
  const impatient = await rabbitmqServer(scope, ['consumer_timeout = 5000']);
  await impatient.start();
  await lookOften(impatient);
  const destination = await destinationOn(impatient.port, 'long');
  return { make: () => make(impatient.port), destination, handlerMs: 8_000, consumers: 1 };
}

/** Has the server look every half second for consumers that take too long, not every minute. Such channels as are opened then. */
export async function lookOften(server: RabbitmqServer): Promise<void> {
  await server.evaluate('application:set_env(rabbit, channel_tick_interval, 500)');
}

/** Queues by all names that the server takes; messages go to them by the default exchange. */
async function targetsOn(port: number, targets: readonly string[]): Promise<TargetsOnTrial> {
  const good = 'good target';
  const names = [good, ...targets.filter((target) => target !== '' && !target.startsWith('amq.') && isName(target))];
  await withPlain(port, async (plain) => {
    const channel = await plain.acquire();
    for (const queue of names) await channel.queueDeclare({ queue });
    await channel.close();
  });
  return {
    make: () => make(port),
    good,
    arrivals: () =>
      withPlain(port, async (plain) => {
        const arrivals: Arrival[] = [];
        const channel = await plain.acquire();
        for (const queue of names)
          for (;;) {
            const got = await channel.basicGet({ queue, noAck: true });
            if (got === undefined) break;
            arrivals.push({ target: queue, payload: String(got.body) });
          }
        await channel.close();
        return arrivals;
      }),
  };
}

function isName(target: string): boolean {
  // what has half a pair comes out of UTF-8 otherwise; line breaks the server takes out of a name
  return Buffer.byteLength(target) <= 255 && Buffer.from(target).toString() === target && !/[\r\n]/.test(target);
}

/** The library parses bodies that are JSON. */
function plainOf({ body, contentType, headers }: AsyncMessage): PlainMessage {
  const payload = typeof body === 'string' || Buffer.isBuffer(body) ? String(body) : JSON.stringify(body);
  return { payload, contentType, headers };
}

function envelopeOf(routingKey: string, { contentType, headers }: PlainMessage): Envelope {
  return { routingKey, ...(contentType !== undefined && { contentType }), ...(headers !== undefined && { headers }) };
}

/** A client of the library that asks and answers. */
async function requestsOn(scope: Scope, port: number, queue: string): Promise<RequestsOnTrial> {
  const plain = new Connection(`amqp://guest:guest@127.0.0.1:${port}`);
  plain.on('error', () => {});
  scope.after(async () => plain.unsafeDestroy());
  return {
    async destination() {
      await addQueue(port, queue);
      return { target: queue, source: queue };
    },
    nobody: `${queue} of nobody`,
    async answer(source, answer) {
      const channel = await plain.acquire();
      const answered = async (message: AsyncMessage): Promise<void> => {
        const reply = await answer(plainOf(message));
        const { replyTo, correlationId } = message;
        if (reply === undefined || replyTo === undefined) return;
        const envelope = { ...envelopeOf(replyTo, reply), ...(correlationId !== undefined && { correlationId }) };
        await channel.basicPublish(envelope, Buffer.from(reply.payload));
      };
      await channel.basicConsume({ queue: source, noAck: true }, (message) => void answered(message));
    },
    async ask(target, request) {
      const client = plain.createRPCClient({ timeout: 30_000 });
      try {
        return plainOf(await client.send(envelopeOf(target, request), Buffer.from(request.payload)));
      } finally {
        await client.close();
      }
    },
  };
}

/** The trial of the connector with RabbitMQ and durable queues. */
export async function amqpTrial(scope: Scope): Promise<MessagingTrial> {
  const server = await rabbitmqServer(scope);
  const { port } = server;
  let destinations = 0;
  return {
    server,
    make,
    makeUnwelcome: (at) => make(at, { username: 'guest', password: 'wrong' }),
    destination: () => destinationOn(port, `destination${++destinations}`),
    destroy: ({ source }) => removeQueue(port, source),
    restore: ({ source }) => addQueue(port, source),
    async configured() {
      const queues = [{ name: 'configured', type: 'classic' }];
      return {
        make: () => make(port, { queues }),
        destination: destinationOf(port, 'configured'),
        destroy: () => removeQueue(port, 'configured'),
      };
    },
    longHandling: () => longHandling(scope),
    targets: (targets) => targetsOn(port, targets),
    requests: () => requestsOn(scope, port, `requests${++destinations}`),
    full: async () => ({
      make: () => make(port),
      destination: await destinationOn(port, 'full', { 'x-max-length': 10, 'x-overflow': 'reject-publish' }),
      makeRoom: () => withPlain(port, async (plain) => void (await plain.basicGet({ queue: 'full', noAck: true }))),
    }),
    features: {
      pushedLoss: true,
      durable: true,
      consumer: true,
      keeps: true,
      redelivers: true,
      ids: true,
      headers: true,
      contentType: true,
      requests: true,
    },
    // a classic queue (version 1) writes its journal out to files in their turn, that of the newest messages first
    gapsAtKill: true,
  };
}
