export { REDIS_CONFIG, type RedisConfig } from './config.js';
export { connector, type RedisConnection } from './connector.js';
