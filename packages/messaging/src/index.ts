export { bridgeBlock } from './bridge.js';
export { checkMessage } from './check-message.js';
export { consumerBlock } from './consumer.js';
export {
  consumerOf,
  defineConnector,
  MAX_UNACKNOWLEDGED,
  PRODUCER,
  RECEIVER,
  type ConnectorDefinition,
  type ConsumedMessage,
  type ConsumeOptions,
  type DuplicateWindow,
  type MessageConsumer,
  type MessageHandler,
  type MessageProducer,
  type MessagingConnection,
  type ProduceMessage,
  type ProduceResult,
  type Production,
  type ServerFound,
  type StartableConnector,
  type Subscription,
} from './contract.js';
export { causeOf, isPassing } from './passing.js';
export { producerBlock } from './producer.js';
export { subscribe, unsubscribe, type SubscribeOptions } from './subscribe.js';
export { weightOf } from './weight.js';
