export { certificates } from './certificates.js';
export { freePort } from './free-port.js';
export { mosquitto } from './mosquitto.js';
export { natsServer } from './nats.js';
export { rabbitmqServer, type RabbitmqServer } from './rabbitmq.js';
export { RealServer, type Command, type Recipe, type Scope } from './real-server.js';
export { redisServer } from './redis.js';
