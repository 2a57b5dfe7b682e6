import {
  SputnikError,
  type Inspection,
  type Logger,
  type Responsibility,
  type ServerConnector,
  type StandardSchemaV1,
} from '@sputnikjs/core';

/** A message for the server, in the terms that all servers share. */
export interface ProduceMessage {
  /** Where it goes: a topic, subject, stream or queue, in the server's own spelling. */
  readonly target: string;
  /** The body: bytes, or text to be sent as UTF-8. */
  readonly payload: Uint8Array | string;
  /** Media type of the payload, where the server can carry it. */
  readonly contentType?: string | undefined;
  /** Further properties, where the server can carry them. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Identity for deduplication, where the server has it. */
  readonly id?: string | undefined;
  /**
   * What the block `producer` does when the server has no room for now (SERVER_FULL): `wait` until it has, which pushes back senders
   * that can wait (unless given), or `reject` at once, for a sender that cannot.
   */
  readonly whenFull?: 'wait' | 'reject' | undefined;
  /**
   * Says false once nobody waits any more for what becomes of the message. When its connection ends then, the block `producer` does not
   * send it again. Always wanted unless given.
   */
  readonly isWanted?: (() => boolean) | undefined;
}

/** What a server says of a message that it has taken, beyond that. */
export interface ProduceResult {
  /** The server had a message of this id already, and keeps that. */
  readonly duplicate?: boolean | undefined;
}

/** The producing half of a connection. */
export interface MessageProducer {
  /**
   * Resolves when the server has taken responsibility for the message. Rejects with SputnikError CONNECTION_LOST when the
   * connection ends first (whether the server has it is then unknown); with SERVER_FULL when the server has no room for now, and
   * does not have it; with any other error when the server refused it for good. Messages reach the server in the order of the calls.
   */
  produce(message: ProduceMessage): Promise<ProduceResult | void>;
}

/** A message from the server. */
export interface ConsumedMessage {
  /** Where it came from: the topic, subject, stream or queue it was published to. */
  readonly source: string;
  readonly payload: Uint8Array;
  readonly contentType?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** True if the server says that it may have been delivered before. */
  readonly redelivered: boolean;
  /** How often it was delivered, this time included; absent where the server does not count. */
  readonly deliveries?: number | undefined;
  /** Identity that its sender gave it, to tell one that comes again; absent where there is none. */
  readonly id?: string | undefined;
  /** What it is the answer to, or what an answer to it has to carry, where the server has such a property. */
  readonly correlationId?: string | undefined;
  /** Where its sender expects an answer, where the server has such a property. */
  readonly replyTo?: string | undefined;
}

/** A subscription under way. */
export interface Subscription {
  /** Takes no further messages; resolves when the handlers under way have settled and been acknowledged. */
  stop(): Promise<void>;
}

/** Handles a message: resolves once it is handled, rejects if it is not. */
export type MessageHandler = (message: ConsumedMessage) => Promise<void>;

/** How to consume. */
export interface ConsumeOptions {
  /** Most messages under way: given to the handler, and not acknowledged yet. {@link MAX_UNACKNOWLEDGED} unless given. */
  readonly maxUnacknowledged?: number | undefined;
}

/** Most messages of a subscription that are under way, unless told otherwise. */
export const MAX_UNACKNOWLEDGED = 256;

/** The consuming half of a connection. */
export interface MessageConsumer {
  /**
   * Has `handler` called with every message of `source` (a topic filter, subject, stream or queue). A message is
   * acknowledged when its handler resolves, however long that takes, and left to the server to deliver again when it rejects.
   * At most `maxUnacknowledged` are under way. Rejects with CONNECTION_LOST when the connection ends first, with BAD_CONFIG
   * when nothing can ever be subscribed to by that name, with any other error when the server refuses it for now. A subscription whose
   * source is deleted goes on when the source is there again.
   */
  consume(source: string, handler: MessageHandler, options?: ConsumeOptions): Promise<Subscription>;
}

/** What a connection to a message server offers to blocks. */
export interface MessagingConnection {
  readonly producer: MessageProducer;
  readonly consumer: MessageConsumer;
}

/** Address of the block that produces messages on the server: post or ask it a {@link ProduceMessage}. */
export const PRODUCER: Responsibility<ProduceMessage, ProduceResult | void> = 'producer';

/** Default address of the block that the generic consumer asks to handle each {@link ConsumedMessage}. */
export const RECEIVER: Responsibility<ConsumedMessage> = 'receiver';

/** A server connector that has something to do before the satellite is prepared, such as starting a server of its own. */
export interface StartableConnector<C = unknown> extends ServerConnector<C> {
  /**
   * Called once, before any block is initialised; a rejection ends the start. After it succeeded `disconnect` is called in
   * any case: by the core if a connect ever succeeded, else by the runner. `log` is where it says what it listens on.
   */
  start?(log?: Logger): void | Promise<void>;
  /**
   * Connects and logs in as `connect` would, changes nothing on the server and disturbs no connection, goes again, and tells what it found;
   * undefined if the server is a part of the satellite. Rejects as `connect` does. A connector without it is tried by `connect`.
   */
  probe?(signal: AbortSignal): Promise<ServerFound | undefined>;
}

/** A server that would let the satellite in. */
export interface ServerFound {
  readonly url: string;
  /** What it calls itself, with its version: `nats-server 2.9.10`. Undefined if it does not say. */
  readonly product?: string | undefined;
}

/** A server connector that `connector.json` can name: its configuration is declared, so that it is checked beforehand. */
export interface ConnectorDefinition<C = unknown, T = unknown> {
  readonly kind: 'connector';
  readonly name: string;
  readonly config: StandardSchemaV1<unknown, T>;
  /** Finds what the schema cannot, such as files that are missing, before anything starts. Acquires nothing. */
  check?(config: T): Inspection | Promise<Inspection>;
  /** Takes what the schema gave, defaults and all: in a test that is `make(schema.parse({ … }))`. */
  make(config: T): StartableConnector<C>;
}

/**
 * Declares a server connector; `make` acquires nothing. A connector module exports what this returns.
 *
 * @example
 * import { defineConnector } from '@sputnikjs/messaging';
 * import { check } from '@sputnikjs/sidecar';
 * import { z } from 'zod';
 * const connector = defineConnector({
 *   name: 'here',
 *   config: z.strictObject({ greeting: z.string() }),
 *   make: ({ greeting }) => ({ connect: async () => greeting, isConnected: () => true, disconnect() {} }),
 * });
 * const { problems } = await check({ blocks: [], configs: { connector: { greting: 'hello' } }, connector });
 * console.log(problems.length > 0); // true
 */
export function defineConnector<T, C>(spec: {
  readonly name: string;
  readonly config: StandardSchemaV1<unknown, T>;
  readonly check?: ((config: T) => Inspection | Promise<Inspection>) | undefined;
  readonly make: (config: T) => StartableConnector<C>;
}): ConnectorDefinition<C, T> {
  const { name, config, check, make } = spec;
  return Object.freeze({ kind: 'connector', name, config, ...(check && { check }), make });
}

/** The producing half of what a server connector gave as connection. Throws BAD_SETUP if it has none. */
export function producerOf(connection: unknown): MessageProducer {
  const { producer } = (connection ?? {}) as { readonly producer?: Partial<MessageProducer> };
  if (typeof producer?.produce === 'function') return producer as MessageProducer;
  throw new SputnikError(
    'BAD_SETUP',
    'the server connector makes connections without a producer; use a connector for message servers',
  );
}

/** The consuming half of what a server connector gave as connection. Throws BAD_SETUP if it has none. */
export function consumerOf(connection: unknown): MessageConsumer {
  const { consumer } = (connection ?? {}) as { readonly consumer?: Partial<MessageConsumer> };
  if (typeof consumer?.consume === 'function') return consumer as MessageConsumer;
  throw new SputnikError(
    'BAD_SETUP',
    'the server connector makes connections without a consumer; use a connector for message servers',
  );
}
