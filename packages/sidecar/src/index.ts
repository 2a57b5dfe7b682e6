export { check, type CheckResult } from './check.js';
export { Cleaner } from './cleaner.js';
export type { SidecarEntry } from './blocks.js';
export type { GivenConnector } from './connector-conf.js';
export { consumerBlock } from './consumer.js';
export {
  defineConnector,
  PRODUCER,
  RECEIVER,
  type ConnectorDefinition,
  type ConsumedMessage,
  type MessageConsumer,
  type MessageProducer,
  type MessagingConnection,
  type ProduceMessage,
  type ProduceResult,
  type StartableConnector,
  type Subscription,
} from './contract.js';
export type { ConfigurationOptions, RunnerOptions } from './options.js';
export { EXIT } from './exit-code.js';
export { producerBlock } from './producer.js';
export type { Found, Reader } from './reader.js';
export { startRunner, type Runner } from './runner.js';
export { createLog } from './logs.js';
export { start } from './start.js';
