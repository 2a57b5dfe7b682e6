import type { Inspection, Logger, Responsibility, ServerConnector, StandardSchemaV1 } from '@sputnikjs/core';
import { connectionPart } from './connection-part.js';
import type { PeerNetwork } from './peers.js';

/** A message for the server, in terms common to all servers. */
export interface ProduceMessage {
  /** Where it goes: a topic, subject, stream or queue, in the server's spelling. */
  readonly target: string;
  /** The body: bytes, or text, which is sent as UTF-8. */
  readonly payload: Uint8Array | string;
  /** Media type of the payload, if the server can carry it. */
  readonly contentType?: string | undefined;
  /** Further properties, if the server can carry them. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Identifier for deduplication, if the server has that. */
  readonly id?: string | undefined;
  /**
   * What the block `producer` does while the server has no room (SERVER_FULL). `wait` (the default): it keeps the message until there is room,
   * which pushes senders back. `reject`: it refuses the message at once, for senders that cannot wait.
   */
  readonly whenFull?: 'wait' | 'reject' | undefined;
  /**
   * What the block `producer` does while the server is away. `wait` (the default): it keeps the message until the server is back. `reject`: it
   * refuses the message at once (SERVER_AWAY), and gives it up when the server is lost (CONNECTION_LOST: the server may or may not have it). A block
   * that keeps messages itself, as `spool` does, takes them all the same.
   */
  readonly whenAway?: 'wait' | 'reject' | undefined;
}

/** What a server says about a message that it has accepted. */
export interface ProduceResult {
  /** The server already had a message with this id, and keeps that one. */
  readonly duplicate?: boolean | undefined;
  /** The message had headers or a content type, which the server does not carry: it has the message without them. */
  readonly stripped?: boolean | undefined;
}

/** A message to produce, and what to call with its outcome. */
export interface Production {
  readonly message: ProduceMessage;
  /**
   * Called once, perhaps before {@link MessageProducer.submit} returns: with nothing, or what the server says, when it has taken responsibility;
   * with the error that {@link MessageProducer.produce} would reject with, if not. Must not throw.
   */
  settle(outcome?: ProduceResult | Error | void): void;
}

/** The producing half of a connection. */
export interface MessageProducer {
  /**
   * Resolves when the server has taken responsibility for the message. Messages reach the server in the order of the calls. Rejects with a
   * SputnikError: CONNECTION_LOST if the connection ends first, when the server may or may not have the message; SERVER_FULL if the server has
   * no room for now, and does not have the message. Rejects with any other error if the server refused the message for good.
   */
  produce(message: ProduceMessage): Promise<ProduceResult | void>;
  /**
   * As `produce`, but without a promise, which costs more than all else that happens to a small message. The block `producer` calls it where
   * it is there: leave it out, or let `Outbox` of the connector kit do it. Messages reach the server in the order of all calls of both.
   */
  submit?(production: Production): void;
}

/** A message from the server. */
export interface ConsumedMessage {
  /** Where it came from: the topic, subject, stream or queue to which it was published. */
  readonly source: string;
  readonly payload: Uint8Array;
  readonly contentType?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** True if the server says that it may have delivered the message before. */
  readonly redelivered: boolean;
  /** Number of deliveries, including this one; absent if the server does not count. */
  readonly deliveries?: number | undefined;
  /** Identifier that its sender gave it, to recognise a repetition; absent if there is none. */
  readonly id?: string | undefined;
  /**
   * Its number in its source, the same at each delivery; no other message of the source has it, not even one that comes after the source was
   * deleted and made again. Absent if the server does not tell.
   */
  readonly sequence?: string | undefined;
  /** Identifies the request that it answers, or must be repeated in an answer to it; if the server has such a property. */
  readonly correlationId?: string | undefined;
  /** Where its sender expects an answer, if the server has such a property. */
  readonly replyTo?: string | undefined;
}

/** An active subscription. */
export interface Subscription {
  /** Takes no more messages; resolves when all messages under way are handled and acknowledged. */
  stop(): Promise<void>;
}

/** Handles a message. Resolves when it is handled; rejects if it could not handle it. */
export type MessageHandler = (message: ConsumedMessage) => Promise<void>;

/** How to consume. */
export interface ConsumeOptions {
  /** Most messages that the handler has and that are not acknowledged. Default: {@link MAX_UNACKNOWLEDGED}. */
  readonly maxUnacknowledged?: number | undefined;
}

/** Default of `maxUnacknowledged`. */
export const MAX_UNACKNOWLEDGED = 256;

/** The consuming half of a connection. */
export interface MessageConsumer {
  /**
   * Calls `handler` with every message of `source` (a topic filter, subject, stream or queue). Acknowledges a message when its handler
   * resolves, however long that takes; if it rejects, the server delivers the message again. At most `maxUnacknowledged` messages are under
   * way. If the source is deleted, the subscription goes on when it is there again. Rejects with CONNECTION_LOST if the connection ends first;
   * with BAD_CONFIG if no source can have that name; with any other error if the server refuses the subscription for now.
   */
  consume(source: string, handler: MessageHandler, options?: ConsumeOptions): Promise<Subscription>;
}

/** The replaying part of a connection, for servers that keep messages after they are handled. */
export interface MessageReplayer {
  /**
   * True if the server keeps every message of `source` until the limits of its store remove the oldest: then `replay` may begin after each of
   * them. Rejects as {@link MessageConsumer.consume} does.
   */
  keeps(source: string): Promise<boolean>;
  /**
   * Resolves with the messages of `source` after the one whose `sequence` is `after`: those that are kept, then those to come, in the order of
   * the source, read from the server as they are asked for. Acknowledges nothing, and takes nothing from those who consume. To be
   * iterated over once; that ends when `signal` aborts, which leaves nothing on the server.
   *
   * Rejects with CANNOT_RESUME if the source has no such message, or if messages after it may have been removed. The iteration rejects with
   * the same code if messages are removed before it reaches them. Only messages that somebody deleted one by one are skipped without an error.
   * Both reject with CONNECTION_LOST if the connection ends, and with any other error if the server refuses for now.
   */
  replay(source: string, after: string, signal: AbortSignal): Promise<AsyncIterable<ConsumedMessage>>;
}

/** A request: a message for the responder at a target. */
export interface RequestMessage {
  /** Where it goes: a subject or queue, in the server's spelling. */
  readonly target: string;
  /** The body: bytes, or text, which is sent as UTF-8. */
  readonly payload: Uint8Array | string;
  /** Media type of the payload. */
  readonly contentType?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** How long its reply may take, in milliseconds. Default: {@link REPLY_MS}, which is that of `ask`, too. */
  readonly timeoutMs?: number | undefined;
}

/** Default of `timeoutMs`. */
export const REPLY_MS = 30_000;

/** What answers a request. */
export interface Reply {
  readonly payload: Uint8Array | string;
  readonly contentType?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A reply that has come. */
export interface ReceivedReply extends Reply {
  readonly payload: Uint8Array;
}

/** The requesting part of a connection, for servers that have requests. */
export interface MessageRequester {
  /**
   * Sends a request once, and resolves with the first reply. Rejects with a SputnikError: NOBODY_LISTENS if the server says so; ASK_TIMEOUT if
   * no reply comes in time; ASK_FAILED if the responder says that it failed; ASK_ABORTED when the signal aborts; SERVER_FULL if the server has no
   * room for the request, and does not have it; CONNECTION_LOST if the connection ends first, when the request may have been handled or not.
   * Rejects with any other error if the server, or the connector, refused the request for good.
   */
  request(request: RequestMessage, signal?: AbortSignal): Promise<ReceivedReply>;
}

/**
 * Answers a request. What it resolves with goes to the requester; if it rejects, the text of the error goes there, and the request fails. The
 * request may come again if the satellite ends before it is answered, where the server keeps requests; `redelivered` says so.
 */
export type RequestHandler = (request: ConsumedMessage) => Promise<Reply>;

/** The answering part of a connection, for servers that have requests. */
export interface MessageResponder {
  /**
   * Calls `handler` with every request that comes to `source` (a subject or queue), and sends its reply. Satellites that answer at the same
   * source share its requests. At most `maxUnacknowledged` requests are under way. A message that asks for no reply is handled all the
   * same. Rejects as {@link MessageConsumer.consume} does.
   */
  respond(source: string, handler: RequestHandler, options?: ConsumeOptions): Promise<Subscription>;
}

/** What a connection to a message server offers to blocks. */
export interface MessagingConnection {
  readonly producer: MessageProducer;
  readonly consumer: MessageConsumer;
  /** Absent if the server does not keep what was handled. */
  readonly replayer?: MessageReplayer | undefined;
  /** Absent if the server has no requests. */
  readonly requester?: MessageRequester | undefined;
  /** Absent if the server has no requests. */
  readonly responder?: MessageResponder | undefined;
  /** Absent if the server cannot join processes. */
  readonly peers?: PeerNetwork | undefined;
}

/** Address of the block that sends messages to the server: post or ask it a {@link ProduceMessage}. */
export const PRODUCER: Responsibility<ProduceMessage, ProduceResult | void> = 'producer';

/** Address of the block that sends requests to the server: ask it a {@link RequestMessage}. */
export const REQUESTER: Responsibility<RequestMessage, ReceivedReply> = 'requester';

/** Default address of the block that the block `consumer` asks to handle each {@link ConsumedMessage}. */
export const RECEIVER: Responsibility<ConsumedMessage> = 'receiver';

/** Default address of the block that the block `responder` asks to answer each request. */
export const ANSWERER: Responsibility<ConsumedMessage, Reply> = 'answerer';

/** A server connector that must do something before the satellite is prepared, such as starting its own server. */
export interface StartableConnector<C = unknown> extends ServerConnector<C> {
  /**
   * Called once, before any block is initialised. If it rejects, the start ends. If it succeeds, `disconnect` is called in any case: by the
   * core if a connect ever succeeded, otherwise by the runner. Use `log` to say where it listens.
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
  /** Where a message that comes again is stored once, and for how long. Undefined for servers that do not deduplicate. */
  readonly duplicateWindows?: readonly DuplicateWindow[] | undefined;
}

/** For how long a stream knows a message again by its id. */
export interface DuplicateWindow {
  readonly stream: string;
  /** False if the connector is going to make it. */
  readonly exists: boolean;
  readonly seconds: number;
}

/** A server connector that `connector.json` can name. It declares its configuration, which is checked before the start. */
export interface ConnectorDefinition<C = unknown, T = unknown> {
  readonly kind: 'connector';
  readonly name: string;
  readonly config: StandardSchemaV1<unknown, T>;
  /** Finds what the schema cannot, such as missing files, before anything starts. Acquires nothing. */
  check?(config: T): Inspection | Promise<Inspection>;
  /** Gets the output of the schema, with all defaults: in a test, `make(schema.parse({ … }))`. */
  make(config: T): StartableConnector<C>;
}

/**
 * Declares a server connector. `make` must not acquire anything. The module of a connector exports what this returns.
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

/** Returns the producing half of a connection. Throws BAD_SETUP if the server connector gave none. */
export function producerOf(connection: unknown): MessageProducer {
  return connectionPart(
    connection,
    'producer',
    'produce',
    'the server connector makes connections without a producer; use a connector for message servers',
  );
}

/**
 * Returns the consuming half of a connection. Throws BAD_SETUP if the server connector gave none.
 *
 * @example
 * import { consumerOf } from '@sputnikjs/messaging';
 * const consumer = { consume: async () => ({ stop: async () => {} }) };
 * console.log(consumerOf({ consumer }) === consumer); // true
 */
export function consumerOf(connection: unknown): MessageConsumer {
  return connectionPart(
    connection,
    'consumer',
    'consume',
    'the server connector makes connections without a consumer; use a connector for message servers',
  );
}

/**
 * Returns the requesting part of a connection, for blocks that send requests themselves. Throws BAD_SETUP if the server connector gave none.
 *
 * @example
 * import { requesterOf } from '@sputnikjs/messaging';
 * const requester = { request: async () => ({ payload: Buffer.from('noon') }) };
 * const { payload } = await requesterOf({ requester }).request({ target: 'time', payload: '' });
 * console.log(String(payload)); // noon
 */
export function requesterOf(connection: unknown): MessageRequester {
  return connectionPart(
    connection,
    'requester',
    'request',
    'the server connector makes connections without a requester; use a connector for a server with requests, such as NATS or RabbitMQ',
  );
}

/**
 * Returns the answering part of a connection. Throws BAD_SETUP if the server connector gave none.
 *
 * @example
 * import { responderOf } from '@sputnikjs/messaging';
 * const responder = { respond: async () => ({ stop: async () => {} }) };
 * console.log(responderOf({ responder }) === responder); // true
 */
export function responderOf(connection: unknown): MessageResponder {
  return connectionPart(
    connection,
    'responder',
    'respond',
    'the server connector makes connections without a responder; use that of a server that has requests, such as NATS or RabbitMQ',
  );
}
