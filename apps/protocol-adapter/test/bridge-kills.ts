import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { natsServer, rabbitmqServer, redisServer, type RealServer } from '@sputnikjs/testkit/servers';
import { Connection } from 'rabbitmq-client';
import { run, Satellite } from './support.js';
import { nestedFolder } from './bridge-folder.js';

const CONF = fileURLToPath(new URL('../conf/bridge-redis-amqp', import.meta.url));
const LOOK_MS = 20;

/** How many messages go over the bridge, and how often each of the three is killed meanwhile. */
export interface Trial {
  readonly messages: number;
  readonly rounds: number;
  /** Bounds what is under way, so that a kill finds something that is. */
  readonly underWay: number;
}

/** The server that messages go to. */
export interface Target {
  readonly server: RealServer;
  /** The configuration folder of the bridge, and its variables. */
  readonly cf: string;
  readonly env: Readonly<Record<string, string>>;
  /** How many messages are there; 0 while it is away. */
  count(): Promise<number>;
  /** All of them, in order. */
  all(): Promise<readonly string[]>;
}

/** `conf/bridge-redis-amqp`, as it is shipped. */
export async function toRabbitmq(t: TestContext): Promise<Target> {
  const server = await rabbitmqServer(t);
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
    cf: CONF,
    env: { AMQP_CONNECTOR_URL: server.url },
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

/** The same to NATS, where a message that is delivered again is known by its place in its source. */
export async function toNats(t: TestContext): Promise<Target> {
  const server = await natsServer(t);
  const withStream = async <T>(work: (client: Awaited<ReturnType<typeof connect>>) => Promise<T>): Promise<T> => {
    const client = await connect({ servers: server.url, reconnect: false });
    try {
      return await work(client);
    } finally {
      await client.close();
    }
  };
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
        url: server.url,
        streams: [{ name: 'ORDERS', subjects: ['orders'], storage: 'file' }],
      },
    },
    redis: {
      'blocks.json': [{ name: 'consumer' }],
      'connector.json': { module: '@sputnikjs/connector-redis', url: 'redis://x', consumerName: 'bridge' },
      'consumer.json': { source: 'orders' },
    },
  });
  return {
    server,
    cf,
    env: {},
    count: () =>
      withStream(
        async (client) => (await (await jetstreamManager(client)).streams.info('ORDERS')).state.messages,
      ).catch(() => 0),
    all: () =>
      withStream(async (client) => {
        let left = (await (await jetstreamManager(client)).streams.info('ORDERS')).state.messages;
        const found: string[] = [];
        const consumer = await jetstream(client).consumers.get('ORDERS');
        for await (const message of await consumer.consume({ max_messages: 5_000 })) {
          found.push(message.string());
          if (--left === 0) break;
        }
        return found;
      }),
  };
}

/** What has come, beside what was sent. */
export interface Outcome {
  readonly duplicates: number;
  /** Messages that came behind one that was sent after them. */
  readonly late: number;
}

/**
 * Puts numbered messages into a stream of Redis, and kills the server that they come from, the one that they go to, and the satellite in turn, while
 * they go over the bridge. All must be there then.
 */
export async function killAround(
  t: TestContext,
  make: (t: TestContext) => Promise<Target>,
  { messages, rounds, underWay }: Trial,
): Promise<Outcome> {
  const source = await redisServer(t);
  const target = await make(t);
  await Promise.all([source.start(), target.server.start()]);
  const fill = `for i = 1, ${messages} do redis.call('XADD', KEYS[1], '*', 'payload', i) end`;
  await run(t, 'redis-cli', '-p', `${source.port}`, 'EVAL', fill, '1', 'orders');
  const env = {
    REDIS_CONNECTOR_URL: source.url,
    SPUTNIK_ADMIN_PORT: '0',
    REDIS_CONSUMER_MAX_UNACKNOWLEDGED: `${underWay}`,
    ...target.env,
  };
  let satellite = new Satellite(t, target.cf, env);
  const kills = [
    async () => {
      await source.stop();
      await source.start();
    },
    async () => {
      await target.server.stop();
      await target.server.start();
    },
    async () => {
      satellite.process.kill('SIGKILL');
      await satellite.ended;
      satellite = new Satellite(t, target.cf, env);
    },
  ];
  const reach = async (count: number): Promise<number> => {
    for (let there; ; await sleep(LOOK_MS)) if ((there = await target.count()) >= count) return there;
  };
  const found: number[] = [];
  for (let n = 0; n < rounds * kills.length; n++) {
    const there = await reach(Math.floor((messages * (n + 1)) / (rounds * kills.length + 1)));
    assert.ok(there < messages, `all had come before kill ${n + 1}`);
    found.push(there);
    await kills[n % kills.length]?.();
  }
  await reach(messages);
  const pending = async (): Promise<string> =>
    run(t, 'redis-cli', '-p', `${source.port}`, '--json', 'XINFO', 'GROUPS', 'orders');
  // nothing more is to come
  for (; !/"pending": ?0\b.*"lag": ?0\b/s.test(await pending()); await sleep(LOOK_MS));
  satellite.process.kill('SIGTERM');
  assert.deepEqual(await satellite.ended, { code: 0, signal: null }, satellite.lines.slice(-5).join('\n'));
  const arrived = (await target.all()).map(Number);
  const distinct = [...new Set(arrived)];
  assert.deepEqual(
    distinct.toSorted((a, b) => a - b),
    Array.from({ length: messages }, (_, i) => i + 1),
  );
  let [last, late] = [0, 0];
  for (const n of distinct) {
    if (n < last) late++;
    last = Math.max(last, n);
  }
  const outcome = { duplicates: arrived.length - distinct.length, late };
  t.diagnostic(
    `${messages} messages, ${found.length} kills at ${found.join(', ')}: none missing, ${outcome.duplicates} twice, ${late} late`,
  );
  return outcome;
}
