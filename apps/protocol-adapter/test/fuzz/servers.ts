import { connector as amqp } from '@sputnikjs/connector-amqp';
import { connector as mqtt } from '@sputnikjs/connector-mqtt';
import { connector as nats } from '@sputnikjs/connector-nats';
import { connector as redis } from '@sputnikjs/connector-redis';
import type { StandardSchemaV1 } from '@sputnikjs/core';
import {
  mosquitto,
  natsServer,
  rabbitmqServer,
  redisServer,
  type RealServer,
  type Scope,
} from '@sputnikjs/testkit/servers';
import type { Client } from './exercise.js';

/** A protocol whose server is false. */
export interface Protocol {
  readonly name: string;
  /** A real server, to learn from. */
  readonly server: (scope: Scope) => Promise<Pick<RealServer, 'start' | 'port'>>;
  /** Ids that clients choose at random, and servers repeat. */
  readonly ids?: RegExp;
  readonly target: string;
  /** A new connector for a server at this port of 127.0.0.1. */
  readonly client: (port: number) => Client;
}

interface Definition {
  readonly config: StandardSchemaV1;
  readonly make: (config: never) => Client;
}

function made({ config, ...definition }: Definition, raw: object): Client {
  const result = config['~standard'].validate(raw);
  if (result instanceof Promise || result.issues) throw new Error('the configuration does not fit');
  return definition.make(result.value as never);
}

/** The parts of inboxes. */
const NUIDS = /[A-Z0-9]{22}/g;
const STREAM = { name: 'S', subjects: ['a'], storage: 'memory' };
const QUEUE = { name: 'a', type: 'classic' };

/** The protocols of all servers. */
export const PROTOCOLS: readonly Protocol[] = [
  {
    name: 'nats',
    server: natsServer,
    ids: NUIDS,
    target: 'a',
    client: (port) => made(nats, { url: `nats://127.0.0.1:${port}`, streams: [STREAM] }),
  },
  {
    name: 'nats-core',
    server: natsServer,
    ids: NUIDS,
    target: 'a',
    client: (port) => made(nats, { url: `nats://127.0.0.1:${port}`, jetstream: false }),
  },
  {
    name: 'mqtt',
    server: mosquitto,
    target: 'a',
    client: (port) => made(mqtt, { url: `mqtt://127.0.0.1:${port}`, clientId: 'fuzz' }),
  },
  {
    name: 'redis',
    server: redisServer,
    target: 'a',
    client: (port) => made(redis, { url: `redis://127.0.0.1:${port}`, consumerName: 'fuzz' }),
  },
  {
    name: 'amqp',
    server: rabbitmqServer,
    target: 'a',
    client: (port) => made(amqp, { url: `amqp://127.0.0.1:${port}`, queues: [QUEUE] }),
  },
];
