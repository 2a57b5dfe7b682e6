import { connector, MQTT_CONFIG } from '@sputnikjs/connector-mqtt';
import { mosquitto } from '@sputnikjs/testkit/servers';
import { connectAsync } from 'mqtt';
import { connectionOf } from './connection.js';
import type { Contest } from './measure.js';
import { RowScope } from './scope.js';
import { PAYLOAD, produceAll } from './under-way.js';

const TARGET = 'bench/produce';

/** Publishes with QoS 1 to mosquitto, which nobody subscribes to; the baseline is a client of MQTT.js. */
export async function produceToMqtt(): Promise<Contest> {
  const scope = new RowScope();
  const server = await mosquitto(scope);
  await server.start();
  const ours = connector.make(MQTT_CONFIG.parse({ url: server.url }));
  scope.after(async () => ours.disconnect());
  const { producer } = await connectionOf(ours);
  const bare = await connectAsync(server.url, { reconnectPeriod: 0 });
  scope.after(() => bare.endAsync());
  const payload = Buffer.from(PAYLOAD);
  return {
    ours: (count) => produceAll(() => producer.produce({ target: TARGET, payload: PAYLOAD }), count),
    baseline: (count) => produceAll(() => bare.publishAsync(TARGET, payload, { qos: 1 }), count),
    end: () => scope.end(),
  };
}
