import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { mosquitto, natsServer, rabbitmqServer, redisServer, type RealServer } from '@sputnikjs/testkit/servers';
import { Connection } from 'rabbitmq-client';
import { nestedFolder } from './bridge-folder.js';
import { run } from './support.js';

const LOOK_MS = 20;
/** Messages that one `mosquitto_pub` publishes. */
const CLIENT_MOST = 20_000;

/** The server that messages go to. */
export interface Target {
  readonly server: RealServer;
  /** How many messages are there; 0 while it is away. */
  count(): Promise<number>;
  /** All of them, in order; called once. */
  all(): Promise<readonly string[]>;
}

/** The server that messages come from. */
export interface Source {
  readonly server: RealServer;
  /** It has after a SIGKILL what it had before. */
  readonly keeps: boolean;
  /** Puts messages there that are numbered from 1 on. */
  fill(count: number): Promise<void>;
  /** Resolves when nothing is left there to deliver or to acknowledge. */
  drained(): Promise<void>;
}

/** Two servers, and a satellite between them. */
export interface Way {
  readonly source: Source;
  readonly target: Target;
  /** The configuration folder of the satellite, and its variables. */
  readonly cf: string;
  readonly env: Readonly<Record<string, string>>;
}

const confOf = (name: string): string => fileURLToPath(new URL(`../conf/${name}`, import.meta.url));

/** `conf/bridge-redis-amqp`, as it is shipped. */
export async function redisToRabbitmq(t: TestContext, underWay: number): Promise<Way> {
  const [source, target] = await Promise.all([redis(t), rabbitmq(t)]);
  const env = {
    REDIS_CONNECTOR_URL: source.server.url,
    AMQP_CONNECTOR_URL: target.server.url,
    REDIS_CONSUMER_MAX_UNACKNOWLEDGED: `${underWay}`,
  };
  return { source, target, cf: confOf('bridge-redis-amqp'), env };
}

/** `conf/bridge-mqtt-nats`, as it is shipped. */
export async function mqttToNats(t: TestContext, underWay: number): Promise<Way> {
  const target = await nats(t, 'BRIDGE');
  const source = await mqtt(t, target);
  const env = {
    MQTT_CONNECTOR_URL: source.server.url,
    NATS_CONNECTOR_URL: target.server.url,
    MQTT_CONSUMER_MAX_UNACKNOWLEDGED: `${underWay}`,
  };
  return { source, target, cf: confOf('bridge-mqtt-nats'), env };
}

/** Where a message that is delivered again is known by its place in its source. */
export async function redisToNats(t: TestContext, underWay: number): Promise<Way> {
  const [source, target] = await Promise.all([redis(t), nats(t, 'ORDERS')]);
  const cf = nestedFolder(t, {
    '': {
      'blocks.json': [
        { satellite: 'nats' },
        { name: 'bridge', needs: { producer: 'nats/producer' } },
        { satellite: 'redis' },
      ],
      'bridge.json': { name: 'redis-nats', routes: [{ from: 'orders', to: 'orders' }] },
    },
    nats: {
      'blocks.json': [{ name: 'producer' }],
      'connector.json': {
        module: '@sputnikjs/connector-nats',
        url: target.server.url,
        streams: [{ name: 'ORDERS', subjects: ['orders'], storage: 'file' }],
      },
    },
    redis: {
      'blocks.json': [{ name: 'consumer' }],
      'connector.json': { module: '@sputnikjs/connector-redis', url: source.server.url, consumerName: 'bridge' },
      'consumer.json': { source: 'orders', maxUnacknowledged: underWay },
    },
  });
  return { source, target, cf, env: {} };
}

async function redis(t: TestContext): Promise<Source> {
  const server = await redisServer(t);
  await server.start();
  const cli = (...args: string[]): Promise<string> => run(t, 'redis-cli', '-p', `${server.port}`, '--json', ...args);
  return {
    server,
    keeps: true,
    async fill(count) {
      const add = `for i = 1, ${count} do redis.call('XADD', KEYS[1], '*', 'payload', i) end`;
      await cli('EVAL', add, '1', 'orders');
    },
    async drained() {
      const groups = (): Promise<string> => cli('XINFO', 'GROUPS', 'orders');
      while (!/"pending": ?0\b.*"lag": ?0\b/s.test(await groups())) await sleep(LOOK_MS);
    },
  };
}

/** It keeps nothing over a kill, but a session while it runs. */
async function mqtt(t: TestContext, target: Target): Promise<Source> {
  const server = await mosquitto(t);
  await server.start();
  const publish = (...what: string[]): Promise<string> =>
    run(t, 'mosquitto_pub', '-h', '127.0.0.1', '-p', `${server.port}`, '-q', '1', '-t', 'sensors/n', ...what);
  let filled = 0;
  return {
    server,
    keeps: false,
    async fill(count) {
      // until somebody has subscribed
      for (; (await target.count()) === 0; await sleep(LOOK_MS)) await publish('-m', '0');
      filled = count;
      // no more at once: it ends early when it has sent as many as MQTT has identifiers, and a session that is far behind is cut
      for (let first = 1; first <= count; first += CLIENT_MOST) {
        const lines = `seq ${first} ${Math.min(count, first + CLIENT_MOST - 1)}`;
        for (; (await target.count()) < first;) await sleep(LOOK_MS);
        await run(t, 'sh', '-c', `${lines} | mosquitto_pub -h 127.0.0.1 -p ${server.port} -q 1 -t sensors/n -l`);
      }
    },
    async drained() {
      const numbers = async (): Promise<number> => new Set(await target.all().catch(() => [])).size;
      while ((await numbers()) <= filled) await sleep(10 * LOOK_MS);
    },
  };
}

async function rabbitmq(t: TestContext): Promise<Target> {
  const server = await rabbitmqServer(t);
  await server.start();
  const withQueue = async <T>(work: (client: Connection) => Promise<T>): Promise<T> => {
    const client = new Connection({ url: `amqp://guest:guest@127.0.0.1:${server.port}`, retryLow: 50 });
    client.on('error', () => {});
    try {
      return await work(client);
    } finally {
      await client.close();
    }
  };
  const queue = 'orders';
  return {
    server,
    count: () =>
      withQueue(async (client) => (await client.queueDeclare({ queue, passive: true })).messageCount).catch(() => 0),
    all: () =>
      withQueue(async (client) => {
        const found: string[] = [];
        const { messageCount } = await client.queueDeclare({ queue, passive: true });
        const channel = await client.acquire();
        await channel.basicConsume({ queue, noAck: true }, ({ body }) => found.push(String(body)));
        while (found.length < messageCount) await sleep(LOOK_MS);
        await channel.close();
        return found;
      }),
  };
}

async function nats(t: TestContext, stream: string): Promise<Target> {
  const server = await natsServer(t);
  await server.start();
  const withClient = async <T>(work: (client: NatsConnection) => Promise<T>): Promise<T> => {
    const client = await connect({ servers: server.url, reconnect: false });
    try {
      return await work(client);
    } finally {
      await client.close();
    }
  };
  const countBy = async (client: NatsConnection): Promise<number> =>
    (await (await jetstreamManager(client)).streams.info(stream)).state.messages;
  return {
    server,
    count: () => withClient(countBy).catch(() => 0),
    all: () =>
      withClient(async (client) => {
        let left = await countBy(client);
        const found: string[] = [];
        const consumer = await jetstream(client).consumers.get(stream);
        for await (const message of await consumer.consume({ max_messages: 5_000 })) {
          found.push(message.string());
          if (--left === 0) break;
        }
        return found;
      }),
  };
}
