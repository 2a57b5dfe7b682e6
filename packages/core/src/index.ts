export { defineBlock } from './block.js';
export type {
  AnyBlock,
  AskOptions,
  Block,
  BlockCommunicator,
  BlockContext,
  BlockDefinition,
  BlockFactory,
  BlockSpec,
  Callback,
  Logger,
  Needs,
  Wiring,
} from './block.js';
export { makeClock, systemClock, type Clock } from './clock.js';
export { confFactory, type ConfFactory, type ConfigSource } from './config.js';
export { CONNECTOR, FINISHER, INITIATOR, type BlockDescriptor } from './descriptor.js';
export { ERROR_CODES, SputnikError, type ErrorCode, type ErrorDetails } from './errors.js';
export type * from './events.js';
export { globalFactories, registerBlockFactory, type BlockFactories } from './factories.js';
export { finishMsg } from './initiator-block.js';
export type { MailboxOptions } from './mailbox.js';
export type { BlockEntry } from './manifest.js';
export type { AnswerOf, AnyResponsibility, Clean, MessageOf, Msg, Responsibility } from './message.js';
export type { ConnectAttempt, ServerConnector } from './server-connector.js';
export { inspect, Sputnik, type Flight, type SputnikOptions, type Timeouts } from './sputnik.js';
export type { SchemaIssue, SchemaResult, StandardSchemaV1 } from './standard-schema.js';
