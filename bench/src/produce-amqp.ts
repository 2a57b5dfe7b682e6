import { AMQP_CONFIG, connector } from '@sputnikjs/connector-amqp';
import { rabbitmqServer } from '@sputnikjs/testkit/servers';
import { Connection } from 'rabbitmq-client';
import { connectionOf } from './connection.js';
import type { Contest } from './measure.js';
import { RowScope } from './scope.js';
import { PAYLOAD, produceAll } from './under-way.js';

const TARGET = 'bench';
/** Without `mandatory` a message that no queue takes would be confirmed, too. */
const ENVELOPE = { routingKey: TARGET, durable: true, mandatory: true };

/** Publishes persistent messages to a durable queue; the baseline does so on a channel of the library that waits for confirms. */
export async function produceToAmqp(): Promise<Contest> {
  const scope = new RowScope();
  const server = await rabbitmqServer(scope);
  await server.start();
  const bare = new Connection(`amqp://guest:guest@127.0.0.1:${server.port}`);
  scope.after(() => bare.close());
  const channel = await bare.acquire();
  scope.after(() => channel.close());
  await channel.confirmSelect();
  // full all the time, it drops the oldest
  await channel.queueDeclare({ queue: TARGET, durable: true, arguments: { 'x-max-length': 10_000 } });
  const ours = connector.make(AMQP_CONFIG.parse({ url: server.url }));
  scope.after(async () => ours.disconnect());
  const { producer } = await connectionOf(ours);
  const body = Buffer.from(PAYLOAD);
  return {
    ours: (count) => produceAll(() => producer.produce({ target: TARGET, payload: PAYLOAD }), count),
    baseline: (count) => produceAll(() => channel.basicPublish(ENVELOPE, body), count),
    end: () => scope.end(),
  };
}
