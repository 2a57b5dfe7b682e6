import type { TestContext } from 'node:test';
import { jetstreamManager, jetstream } from '@nats-io/jetstream';
import { connect, headers as natsHeaders, type NatsConnection } from '@nats-io/transport-node';
import { mosquitto, natsServer, rabbitmqServer, redisServer, type RealServer } from '@sputnikjs/testkit/servers';
import { Connection } from 'rabbitmq-client';
import { run, Subscriber } from './support.js';

/** A message as a client has it that is not ours; what is undefined, the server does not carry. */
export interface Mail {
  readonly body: string;
  readonly contentType?: string | undefined;
  readonly id?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A real server, with a client that is not ours. */
export interface End {
  readonly server: RealServer;
  /** Of a connector that stores what it produces there. */
  readonly connector: object;
  /** What the parts of a name are joined by. */
  readonly separator: string;
  /** Has places of these names be there. */
  prepare(names: readonly string[]): Promise<void>;
  put(name: string, mail: Mail): Promise<void>;
  /** All that has come to a name, once there are so many. */
  take(name: string, count?: number): Promise<readonly Mail[]>;
}

const LOOK_MS = 25;

/** Looks again and again, until there are enough. */
async function until<T>(count: number, look: () => Promise<readonly T[]>): Promise<readonly T[]> {
  for (;;) {
    const found = await look();
    if (found.length >= count) return found;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

export async function natsEnd(t: TestContext): Promise<End> {
  const server = await natsServer(t);
  await server.start();
  let client: NatsConnection;
  return {
    server,
    connector: { module: '@sputnikjs/connector-nats', url: server.url },
    separator: '.',
    async prepare() {
      client = await connect({ servers: server.url });
      t.after(() => client.close());
      const { streams } = await jetstreamManager(client);
      // two, for a stream takes an id only once
      for (const name of ['in', 'out']) await streams.add({ name, subjects: [`${name}.>`] });
    },
    async put(name, { body, contentType, id, headers = {} }) {
      const own = natsHeaders();
      for (const [key, value] of Object.entries(headers)) own.set(key, value);
      if (contentType !== undefined) own.set('Content-Type', contentType);
      await jetstream(client).publish(name, body, { headers: own, ...(id !== undefined && { msgID: id }) });
    },
    take: (name, count = 1) =>
      until(count, async () => {
        const { streams } = await jetstreamManager(client);
        const { messages } = (await streams.info('out')).state;
        const found: Mail[] = [];
        for (let seq = 1; seq <= messages; seq++) {
          const message = await streams.getMessage('out', { seq });
          if (message?.subject !== name) continue;
          const own = new Map([...message.header].map(([key, values]) => [key, values.join()]));
          const [contentType, id] = [own.get('Content-Type'), own.get('Nats-Msg-Id')];
          const headers = Object.fromEntries(
            [...own].filter(([key]) => !['Content-Type', 'Nats-Msg-Id'].includes(key)),
          );
          found.push({ body: message.string(), contentType, id, headers });
        }
        return found;
      }),
  };
}

export async function mqttEnd(t: TestContext): Promise<End> {
  const server = await mosquitto(t);
  await server.start();
  let subscriber: Subscriber;
  return {
    server,
    connector: { module: '@sputnikjs/connector-mqtt', url: server.url },
    separator: '/',
    async prepare() {
      subscriber = await Subscriber.to(t, server.port);
    },
    async put(name, { body }) {
      await run(t, 'mosquitto_pub', '-h', '127.0.0.1', '-p', `${server.port}`, '-q', '1', '-t', name, '-m', body);
    },
    async take(name, count = 1) {
      const found = (): readonly Mail[] =>
        subscriber.messages
          .filter((message) => message.startsWith(`${name} `))
          .map((message) => ({ body: message.slice(name.length + 1) }));
      await subscriber.until(() => found().length >= count, `${count} of ${name}`);
      return found();
    },
  };
}

export async function redisEnd(t: TestContext): Promise<End> {
  const server = await redisServer(t);
  await server.start();
  const cli = (...args: string[]): Promise<string> => run(t, 'redis-cli', '-p', `${server.port}`, '--json', ...args);
  return {
    server,
    connector: { module: '@sputnikjs/connector-redis', url: server.url },
    separator: ':',
    async prepare() {},
    async put(name, { body, contentType, id, headers = {} }) {
      const fields = Object.entries(headers).flatMap(([key, value]) => [`header:${key}`, value]);
      if (contentType !== undefined) fields.push('content-type', contentType);
      if (id !== undefined) fields.push('id', id);
      await cli('XADD', name, '*', 'payload', body, ...fields);
    },
    take: (name, count = 1) =>
      until(count, async () => {
        const entries = JSON.parse(await cli('XRANGE', name, '-', '+')) as [string, string[]][];
        return entries.map(([, fields]) => {
          const own = new Map(fields.flatMap((key, i) => (i % 2 === 0 ? [[key, fields[i + 1] ?? ''] as const] : [])));
          const headers = [...own].flatMap(([key, value]) =>
            key.startsWith('header:') ? [[key.slice(7), value]] : [],
          );
          const [body = '', contentType, id] = ['payload', 'content-type', 'id'].map((key) => own.get(key));
          return { body, contentType, id, headers: Object.fromEntries(headers) as Record<string, string> };
        });
      }),
  };
}

export async function amqpEnd(t: TestContext): Promise<End> {
  const server = await rabbitmqServer(t);
  await server.start();
  let client: Connection;
  t.after(() => client.close());
  return {
    server,
    connector: { module: '@sputnikjs/connector-amqp', url: server.url },
    separator: '.',
    async prepare(names) {
      client = new Connection(`amqp://guest:guest@127.0.0.1:${server.port}`);
      // it may end later than the server
      client.on('error', () => {});
      for (const queue of names) await client.queueDeclare({ queue, durable: true });
    },
    async put(routingKey, { body, contentType, id, headers = {} }) {
      const publisher = client.createPublisher({ confirm: true });
      const properties = {
        ...(contentType !== undefined && { contentType }),
        ...(id !== undefined && { messageId: id }),
      };
      await publisher.send({ routingKey, durable: true, headers, ...properties }, Buffer.from(body));
      await publisher.close();
    },
    async take(queue, count = 1) {
      const found: Mail[] = [];
      return until(count, async () => {
        for (let message; (message = await client.basicGet({ queue, noAck: true })) !== undefined;) {
          const { body, contentType, messageId: id, headers = {} } = message;
          found.push({ body: String(body), contentType, id, headers });
        }
        return found;
      });
    },
  };
}
