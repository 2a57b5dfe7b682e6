export { NATS_CONFIG, type NatsConfig, type StreamConfig } from './config.js';
export { connector, type NatsMessaging } from './connector.js';
