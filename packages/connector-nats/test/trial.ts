import { connector, NATS_CONFIG } from '@sputnikjs/connector-nats';
import type { MessagingTrial, Place } from '@sputnikjs/testkit';
import { natsServer, type RealServer, type Scope } from '@sputnikjs/testkit/servers';
import { storedIn, unhandledIn, withPlain } from './helpers.js';

const login = { username: 'sputnik', password: 'right' };
const plainLogin = { user: login.username, pass: login.password };
const users = [`authorization { user: "${login.username}", password: "${login.password}" }`];

const make = (port: number, raw: object = login): ReturnType<typeof connector.make> =>
  connector.make(NATS_CONFIG.parse({ url: `nats://127.0.0.1:${port}`, ...raw }));

/** A place of its own, with a stream made by a client that is not the connector. */
async function placeOn({ url }: RealServer, name: string, limits: object = {}): Promise<Place> {
  await withPlain(url, (_, { streams }) => streams.add({ name, subjects: [`${name}.>`], ...limits }), plainLogin);
  return {
    target: `${name}.messages`,
    source: `${name}.>`,
    stored: async () => (await storedIn(url, name, plainLogin)).map(({ payload }) => payload),
    unhandled: () => unhandledIn(url, name, plainLogin),
  };
}

/** The trial of the connector with JetStream. */
export async function natsTrial(scope: Scope): Promise<MessagingTrial> {
  const server = await natsServer(scope, users);
  let places = 0;
  return {
    server,
    make,
    makeUnwelcome: (port) => make(port, { ...login, password: 'wrong' }),
    place: () => placeOn(server, `place${++places}`),
    async full() {
      const small = await natsServer(scope, users, ['max_file_store: 20000']);
      await small.start();
      return {
        make: () => make(small.port),
        place: await placeOn(small, 'full'),
        makeRoom: () =>
          withPlain(small.url, async (_, { streams }) => void (await streams.purge('full', { keep: 2 })), plainLogin),
      };
    },
    features: {
      pushedLoss: true,
      durable: true,
      consumer: true,
      keeps: true,
      redelivers: true,
      deduplicates: true,
      headers: true,
      contentType: true,
    },
  };
}
