import { connector, REDIS_CONFIG } from '@sputnikjs/connector-redis';
import type { MessagingTrial, Place } from '@sputnikjs/testkit';
import { redisServer, type Scope } from '@sputnikjs/testkit/servers';
import { storedIn, unhandledIn, withPlain } from './helpers.js';

const login = { password: 'right' };
const secured = [`requirepass ${login.password}`];

/** Makes one that takes over nothing from others that are idle: nothing the suite asks for may wait for that. */
const make = (port: number, raw: object = login): ReturnType<typeof connector.make> =>
  connector.make(REDIS_CONFIG.parse({ url: `redis://127.0.0.1:${port}`, claimAfterMs: 3_600_000, ...raw }));

function placeOn(port: number, name: string): Place {
  return {
    target: name,
    source: name,
    stored: async () => (await storedIn(port, name, login)).map(({ payload = '' }) => payload),
    unhandled: () => unhandledIn(port, name, login),
  };
}

/** The trial of the connector with a Redis that has everything on disk before it answers. */
export async function redisTrial(scope: Scope): Promise<MessagingTrial> {
  const server = await redisServer(scope, secured);
  let places = 0;
  return {
    server,
    make,
    makeUnwelcome: (port) => make(port, { password: 'wrong' }),
    place: async () => placeOn(server.port, `place${++places}`),
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
        place: placeOn(small.port, 'full'),
        makeRoom: async () => void (await limit(1_000_000)),
      };
    },
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
