import { connector, NATS_CONFIG } from '@sputnikjs/connector-nats';
import { connect, headers as makeHeaders, nanos, type Msg, type MsgHdrs } from '@nats-io/transport-node';
import type {
  Arrival,
  LongHandling,
  MessagingTrial,
  Destination,
  PlainMessage,
  RequestsOnTrial,
  TargetsOnTrial,
} from '@sputnikjs/testkit';
import { natsServer, type RealServer, type Scope } from '@sputnikjs/testkit/servers';
import { addStream, storedIn, unhandledIn, withPlain } from './helpers.js';

const login = { username: 'sputnik', password: 'right' };
const plainLogin = { user: login.username, pass: login.password };
const users = [`authorization { user: "${login.username}", password: "${login.password}" }`];

const make = (port: number, raw: object = login): ReturnType<typeof connector.make> =>
  connector.make(NATS_CONFIG.parse({ url: `nats://127.0.0.1:${port}`, ...raw }));

const nameOf = ({ target }: Pick<Destination, 'target'>): string => target.split('.')[0] ?? '';

function add({ url }: RealServer, name: string, limits: object = {}): Promise<void> {
  return addStream(url, { name, subjects: [`${name}.>`], ...limits }, plainLogin);
}

function remove({ url }: RealServer, name: string): Promise<void> {
  return withPlain(url, async (_, { streams }) => void (await streams.delete(name)), plainLogin);
}

function destinationOf({ url }: RealServer, name: string): Destination {
  return {
    target: `${name}.messages`,
    source: `${name}.>`,
    stored: async () => (await storedIn(url, name, plainLogin)).map(({ payload }) => payload),
    unhandled: () => unhandledIn(url, name, plainLogin),
  };
}

/** A destination of its own, with a stream made by a client that is not the connector. */
async function destinationOn(server: RealServer, name: string, limits: object = {}): Promise<Destination> {
  await add(server, name, limits);
  return destinationOf(server, name);
}

/** Its consumer delivers what it has no word of for three seconds, which a process on a busy machine may have no turn for, and gives up after the second time. */
async function longHandling(server: RealServer): Promise<LongHandling> {
  const destination = await destinationOn(server, 'long');
  const consumer = {
    durable_name: 'sputnik-long_all',
    ack_policy: 'explicit',
    filter_subject: destination.source,
  } as const;
  await withPlain(
    server.url,
    (_, { consumers }) => consumers.add('long', { ...consumer, ack_wait: nanos(3_000), max_deliver: 2 }),
    plainLogin,
  );
  return { make: () => make(server.port), destination, handlerMs: 7_500, consumers: 2 };
}

/** A server whose streams take whatever there is; a subscriber sees it all. */
async function targets(scope: Scope): Promise<TargetsOnTrial> {
  const server = await natsServer(scope, users);
  await server.start();
  await addStream(server.url, { name: 'one', subjects: ['*'] }, plainLogin);
  await addStream(server.url, { name: 'more', subjects: ['*.>'] }, plainLogin);
  const plain = await connect({ servers: new URL(server.url).host, ...plainLogin });
  scope.after(() => plain.close());
  const seen: Arrival[] = [];
  plain.subscribe('>', {
    callback: (_, message) => void seen.push({ target: message.subject, payload: message.string() }),
  });
  await plain.flush();
  return {
    make: () => make(server.port),
    good: 'good.target',
    async arrivals() {
      await plain.flush();
      // all else is acknowledgements
      return seen.filter(({ payload }) => !payload.startsWith('{'));
    },
  };
}

function plainOf(message: Msg): PlainMessage {
  const entries = [...(message.headers ?? [])].map(([name, values]) => [name, values.join()] as const);
  const { 'Content-Type': contentType, ...headers } = Object.fromEntries(entries);
  return { payload: message.string(), contentType, headers };
}

function headersOf({ contentType, headers = {} }: PlainMessage): MsgHdrs {
  const all = makeHeaders();
  if (contentType !== undefined) all.set('Content-Type', contentType);
  for (const [name, value] of Object.entries(headers)) all.set(name, value);
  return all;
}

/** A client of the library that asks and answers; subjects have no streams. */
async function requestsOn(scope: Scope, { url }: RealServer, destination: string): Promise<RequestsOnTrial> {
  const plain = await connect({ servers: new URL(url).host, reconnect: false, ...plainLogin });
  scope.after(() => plain.close());
  return {
    destination: async () => ({ target: `${destination}.messages`, source: `${destination}.*` }),
    nobody: `${destination}.of.nobody`,
    async answer(source, answer) {
      const answered = async (message: Msg): Promise<void> => {
        const reply = await answer(plainOf(message));
        if (reply !== undefined) message.respond(reply.payload, { headers: headersOf(reply) });
      };
      plain.subscribe(source, { callback: (_, message) => void answered(message) });
      await plain.flush();
    },
    ask: async (target, request) =>
      plainOf(await plain.request(target, request.payload, { timeout: 30_000, headers: headersOf(request) })),
  };
}

/** The trial of the connector with JetStream. */
export async function natsTrial(scope: Scope): Promise<MessagingTrial> {
  const server = await natsServer(scope, users);
  let destinations = 0;
  return {
    server,
    make,
    makeUnwelcome: (port) => make(port, { ...login, password: 'wrong' }),
    destination: () => destinationOn(server, `destination${++destinations}`),
    destroy: (destination) => remove(server, nameOf(destination)),
    restore: (destination) => add(server, nameOf(destination)),
    trim: (destination, keep) =>
      withPlain(
        server.url,
        async (_, { streams }) => void (await streams.purge(nameOf(destination), { keep })),
        plainLogin,
      ),
    async configured() {
      const streams = [{ name: 'configured', subjects: ['configured.>'], storage: 'file' }];
      return {
        make: () => make(server.port, { ...login, streams }),
        destination: destinationOf(server, 'configured'),
        destroy: () => remove(server, 'configured'),
      };
    },
    longHandling: () => longHandling(server),
    targets: () => targets(scope),
    requests: () => requestsOn(scope, server, `requests${++destinations}`),
    async full() {
      const small = await natsServer(scope, users, ['max_file_store: 20000']);
      await small.start();
      return {
        make: () => make(small.port),
        destination: await destinationOn(small, 'full'),
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
      ids: true,
      sequences: true,
      replays: true,
      deliveries: true,
      headers: true,
      contentType: true,
      requests: true,
    },
  };
}
