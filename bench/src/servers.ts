import type { Contest } from './measure.js';
import { produceToAmqp } from './produce-amqp.js';
import { produceToMqtt } from './produce-mqtt.js';
import { produceToNats, produceToNatsBesideCounting } from './produce-nats.js';
import { produceToRedis } from './produce-redis.js';

/** A connector, beside its client library. */
export interface ServerRow {
  readonly title: string;
  readonly against: string;
  start(): Promise<Contest>;
}

/** The least ratio that each connector has to reach. */
export const SERVER_BUDGET = 0.9;

export const SERVER_ROWS: readonly ServerRow[] = [
  { title: 'NATS, JetStream on file', against: '@nats-io, one inbox', start: produceToNats },
  { title: 'NATS, too', against: '@nats-io, counting only', start: produceToNatsBesideCounting },
  { title: 'MQTT, mosquitto, QoS 1', against: 'mqtt', start: produceToMqtt },
  { title: 'Redis, XADD', against: 'ioredis', start: produceToRedis },
  { title: 'RabbitMQ, durable queue, confirms', against: 'rabbitmq-client', start: produceToAmqp },
];
