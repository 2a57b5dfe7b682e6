import type { ServerConnector } from '@sputnikjs/core';
import type { MessagingConnection } from '@sputnikjs/messaging';
import type { TrialServer } from './connector-trial.js';

/** The connection of a tested connector. It may lack a consumer; then the trial does not declare that feature. */
export type TrialConnection = Pick<MessagingConnection, 'producer'> & Partial<MessagingConnection>;

/** A real message server that a trial starts, kills and freezes. Its address and its data stay the same. */
export interface MessagingServer extends TrialServer {
  readonly port: number;
  freeze(): void | Promise<void>;
  thaw(): void | Promise<void>;
}

/** A destination to produce to and consume from, for one test. */
export interface Destination {
  readonly target: string;
  readonly source: string;
  /** Returns the payloads that the server stores there, in its order, read by a client other than the connector. If it stores any. */
  readonly stored?: (() => Promise<readonly string[]>) | undefined;
  /** Returns the number of messages that are not delivered or not acknowledged, read by a client other than the connector. */
  readonly unhandled?: (() => Promise<number>) | undefined;
}

/** Part of a trial that needs its own connector. */
export interface ConnectorMaker {
  /** Makes a connector; acquires nothing. It is disconnected at the end of the test. */
  readonly make: () => ServerConnector<TrialConnection>;
}

/** Handlers that take longer than every time-out of server and connector, which are as short as can be configured. */
export interface LongHandling extends ConnectorMaker {
  readonly destination: Destination;
  /** How long the handler takes, in milliseconds: longer than all these time-outs together. */
  readonly handlerMs: number;
  /** Number of consumers that share the messages of the destination; 1 if each would get all. */
  readonly consumers: number;
}

/** A connector that is configured to create a destination. */
export interface ConfiguredDestination extends ConnectorMaker {
  /** The destination; it does not exist yet. */
  readonly destination: Destination;
  /** Deletes the destination with everything in it, by a client other than the connector. */
  destroy(): Promise<void>;
}

/** A message as it arrived on the server, seen by a client other than the connector. */
export interface Arrival {
  /** Where it arrived, in the server's spelling. */
  readonly target: string;
  readonly payload: string;
}

/** A server on which messages can be seen wherever they arrive. */
export interface TargetsOnTrial extends ConnectorMaker {
  /** An ordinary target. */
  readonly good: string;
  /** Returns all messages that have arrived so far, at any target. */
  arrivals(): Promise<readonly Arrival[]>;
}

/** A server that refuses messages since one of its limits is reached. */
export interface FullServer extends ConnectorMaker {
  /** A destination that accepts some messages of 1,000 bytes, and then no more. */
  readonly destination: Destination;
  /** Makes room for some more; it may delete messages, the oldest first. */
  makeRoom(): Promise<void>;
}

/** A request or a reply, as a client sees it that is not the connector. */
export interface PlainMessage {
  readonly payload: string;
  readonly contentType?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Clients that are not the connector, on a server that has requests. They end with the test file. */
export interface RequestsOnTrial {
  /** Returns a new destination for requests. Nobody answers there yet. */
  destination(): Promise<Pick<Destination, 'target' | 'source'>>;
  /** A target where nobody answers, as the server says. */
  readonly nobody: string;
  /** Answers the requests of a source by what `answer` resolves with; with undefined, not at all. Resolves when it listens. */
  answer(source: string, answer: (request: PlainMessage) => Promise<PlainMessage | undefined>): Promise<void>;
  /** Sends a request, and resolves with its reply. */
  ask(target: string, request: PlainMessage): Promise<PlainMessage>;
}

/** Optional features of a server and its connector. What is not declared is not tested. */
export interface MessagingFeatures {
  /** The connector reports a loss at once with `attempt.lost`. */
  readonly pushedLoss?: boolean | undefined;
  /** Messages survive when the server is killed with SIGKILL and started again. */
  readonly durable?: boolean | undefined;
  /** It has a consumer. */
  readonly consumer?: boolean | undefined;
  /** Messages wait for a consumer that comes later. */
  readonly keeps?: boolean | undefined;
  /** A message whose handler rejects is delivered again. */
  readonly redelivers?: boolean | undefined;
  /** Two messages with the same id become one. */
  readonly deduplicates?: boolean | undefined;
  /** A consumed message has the id with which it was produced. */
  readonly ids?: boolean | undefined;
  /** A consumed message has a `sequence`, the same at each delivery. */
  readonly sequences?: boolean | undefined;
  /** The server counts how often it delivers a message. */
  readonly deliveries?: boolean | undefined;
  readonly headers?: boolean | undefined;
  readonly contentType?: boolean | undefined;
  /** It keeps messages after they are handled: a replayer. Needs `sequences`. */
  readonly replays?: boolean | undefined;
  /** It has requests and replies: a requester and a responder. */
  readonly requests?: boolean | undefined;
}

/** A connector to test, with its real message server. */
export interface MessagingTrial {
  /** The server; it is stopped when the suite begins. If `makeUnwelcome` is given, it demands credentials. */
  readonly server: MessagingServer;
  /** Makes a connector for a server at this port of 127.0.0.1; acquires nothing. */
  make(port: number): ServerConnector<TrialConnection>;
  /** Makes a connector with wrong credentials. */
  readonly makeUnwelcome?: ((port: number) => ServerConnector<TrialConnection>) | undefined;
  /** Returns a new destination. Called while the server runs. */
  destination(): Promise<Destination>;
  /** Starts a server with a low limit, if it can have limits. It ends with the test file. */
  readonly full?: (() => Promise<FullServer>) | undefined;
  /** Deletes a destination with everything in it, by a client other than the connector; if destinations can be deleted. */
  readonly destroy?: ((destination: Destination) => Promise<void>) | undefined;
  /** Creates it again, empty; absent if messages and consumers create destinations. */
  readonly restore?: ((destination: Destination) => Promise<void>) | undefined;
  /** Removes all messages of a destination but the last ones, so many, by a client other than the connector; if it can be done. */
  readonly trim?: ((destination: Destination, keep: number) => Promise<void>) | undefined;
  /** Makes a connector that is configured to create a destination, if it can be. */
  readonly configured?: (() => Promise<ConfiguredDestination>) | undefined;
  /** For handlers that take long. */
  readonly longHandling?: (() => Promise<LongHandling>) | undefined;
  /** Prepares a server for messages to all these targets, as far as it allows such destinations. */
  readonly targets?: ((targets: readonly string[]) => Promise<TargetsOnTrial>) | undefined;
  /** Foreign clients that ask and answer, where there are requests. */
  readonly requests?: (() => Promise<RequestsOnTrial>) | undefined;
  readonly features: MessagingFeatures;
  /** When it is killed, the server may keep an unacknowledged message, but not those before it. */
  readonly gapsAtKill?: boolean | undefined;
}
