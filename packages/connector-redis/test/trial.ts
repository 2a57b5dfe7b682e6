import { connector, REDIS_CONFIG } from '@sputnikjs/connector-redis';
import type { LongHandling, MessagingTrial, Destination, TargetsOnTrial } from '@sputnikjs/testkit';
import { redisServer, type Scope } from '@sputnikjs/testkit/servers';
import { storedIn, unhandledIn, withPlain } from './helpers.js';

const login = { password: 'right' };
const secured = [`requirepass ${login.password}`];

/** Makes one that takes over nothing from others that are idle: nothing the suite asks for may wait for that. */
const make = (port: number, raw: object = login): ReturnType<typeof connector.make> =>
  connector.make(REDIS_CONFIG.parse({ url: `redis://127.0.0.1:${port}`, claimAfterMs: 3_600_000, ...raw }));

function destinationOn(port: number, name: string): Destination {
  return {
    target: name,
    source: name,
    stored: async () => (await storedIn(port, name, login)).map(({ payload = '' }) => payload),
    unhandled: () => unhandledIn(port, name, login),
  };
}

async function destroy(port: number, { source }: Destination): Promise<void> {
  await withPlain(port, (plain) => plain.del(source), login);
}

/** A server that closes connections that are idle for a second or two; others take over what is not touched for a second. */
async function longHandling(scope: Scope): Promise<LongHandling> {
  const server = await redisServer(scope, [...secured, 'timeout 1']);
  await server.start();
  return {
    make: () => make(server.port, { ...login, claimAfterMs: 1_000 }),
    destination: destinationOn(server.port, 'long'),
    handlerMs: 5_000,
    consumers: 2,
  };
}

/** A server where every key is looked at. */
async function targets(scope: Scope): Promise<TargetsOnTrial> {
  const server = await redisServer(scope, [...secured, 'appendfsync no']);
  await server.start();
  return {
    make: () => make(server.port),
    good: 'good',
    async arrivals() {
      const keys = await withPlain(server.port, (plain) => plain.keys('*'), login);
      const each = keys.map(async (target) => {
        const stored = await storedIn(server.port, target, login);
        return stored.map(({ payload = '' }) => ({ target, payload }));
      });
      return (await Promise.all(each)).flat();
    },
  };
}

/** The trial of the connector with a Redis that has everything on disk before it answers. */
export async function redisTrial(scope: Scope): Promise<MessagingTrial> {
  const server = await redisServer(scope, secured);
  let destinations = 0;
  return {
    server,
    make,
    makeUnwelcome: (port) => make(port, { password: 'wrong' }),
    destination: async () => destinationOn(server.port, `destination${++destinations}`),
    destroy: (destination) => destroy(server.port, destination),
    trim: ({ target }, keep) =>
      withPlain(server.port, async (plain) => void (await plain.xtrim(target, 'MAXLEN', keep)), login),
    async configured() {
      const destination = destinationOn(server.port, 'configured');
      return { make: () => make(server.port), destination, destroy: () => destroy(server.port, destination) };
    },
    longHandling: () => longHandling(scope),
    targets: () => targets(scope),
    async full() {
      const small = await redisServer(scope, [...secured, 'maxmemory-policy noeviction']);
      await small.start();
      // so much more than it takes with nothing in it
      const limit = (bytes: number): Promise<unknown> =>
        withPlain(
          small.port,
          async (plain) => {
            const used = Number(/used_memory:(\d+)/.exec(await plain.info('memory'))?.[1]);
            await plain.config('SET', 'maxmemory', `${used + bytes}`);
          },
          login,
        );
      await limit(1_000_000);
      return {
        make: () => make(small.port),
        destination: destinationOn(small.port, 'full'),
        makeRoom: async () => void (await limit(1_000_000)),
      };
    },
    features: {
      pushedLoss: true,
      durable: true,
      consumer: true,
      keeps: true,
      redelivers: true,
      ids: true,
      sequences: true,
      replays: true,
      deliveries: true,
      headers: true,
      contentType: true,
    },
  };
}
