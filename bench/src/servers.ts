import type { Contest } from './measure.js';
import { produceToMqtt } from './produce-mqtt.js';

/** A connector, beside its client library. */
export interface ServerRow {
  readonly title: string;
  readonly against: string;
  start(): Promise<Contest>;
}

/** The least ratio that each connector has to reach. */
export const SERVER_BUDGET = 0.9;

export const SERVER_ROWS: readonly ServerRow[] = [
  { title: 'MQTT, mosquitto, QoS 1', against: 'mqtt', start: produceToMqtt },
];
