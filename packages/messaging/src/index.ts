export { bridgeBlock } from './bridge.js';
export { checkMessage } from './check-message.js';
export { consumerBlock } from './consumer.js';
export {
  ANSWERER,
  consumerOf,
  defineConnector,
  MAX_UNACKNOWLEDGED,
  PRODUCER,
  RECEIVER,
  REPLY_MS,
  REQUESTER,
  requesterOf,
  responderOf,
  type ConnectorDefinition,
  type ConsumedMessage,
  type ConsumeOptions,
  type DuplicateWindow,
  type MessageConsumer,
  type MessageHandler,
  type MessageProducer,
  type MessageReplayer,
  type MessageRequester,
  type MessageResponder,
  type MessagingConnection,
  type ProduceMessage,
  type ProduceResult,
  type Production,
  type ReceivedReply,
  type Reply,
  type RequestHandler,
  type RequestMessage,
  type ServerFound,
  type StartableConnector,
  type Subscription,
} from './contract.js';
export { causeOf, isPassing } from './passing.js';
export {
  peersOf,
  type FoundPeer,
  type Membership,
  type Packet,
  type Peer,
  type PeerListener,
  type PeerNetwork,
} from './peers.js';
export { producerBlock } from './producer.js';
export { requesterBlock } from './requester.js';
export { responderBlock } from './responder.js';
export { subscribe, unsubscribe, type SubscribeOptions } from './subscribe.js';
export { weightOf } from './weight.js';
