export { AMQP_CONFIG, type AmqpConfig } from './config.js';
export { connector, type AmqpConnection } from './connector.js';
export type { ExchangeConfig, QueueConfig } from './topology-config.js';
