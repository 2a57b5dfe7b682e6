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
export { producerBlock } from './producer.js';
