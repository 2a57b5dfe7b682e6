import type { ServerConnector } from '@sputnikjs/core';
import type { MessagingConnection } from '@sputnikjs/messaging';
import type { TrialServer } from './connector-trial.js';

/** What a connector on trial gives as connection: one without a consumer does not declare that feature. */
export type TrialConnection = Pick<MessagingConnection, 'producer'> & Partial<MessagingConnection>;

/** A real message server that a trial starts, kills and freezes, always at the same address and with the same data. */
export interface MessagingServer extends TrialServer {
  readonly port: number;
  freeze(): void | Promise<void>;
  thaw(): void | Promise<void>;
}

/** Somewhere to produce to and to consume from, of one test's own. */
export interface Place {
  readonly target: string;
  readonly source: string;
  /** The payloads the server holds there, in its order, read by a client that is not the connector. Where it stores any. */
  readonly stored?: (() => Promise<readonly string[]>) | undefined;
  /** How many messages of it a consumer has still to get, or to acknowledge, read by a client that is not the connector. */
  readonly unhandled?: (() => Promise<number>) | undefined;
}

/** What a part of a trial brings along that needs a connector of its own. */
export interface ConnectorMaker {
  /** Makes one; acquires nothing. It is disconnected with the test. */
  readonly make: () => ServerConnector<TrialConnection>;
}

/** Handlers that take longer than every time-out of server and connector: these are the shortest that can be configured. */
export interface LongHandling extends ConnectorMaker {
  readonly place: Place;
  /** So long the handler takes: longer than all these time-outs together, in milliseconds. */
  readonly handlerMs: number;
  /** So many consumers share the messages of the place; one where each gets all of them. */
  readonly consumers: number;
}

/** A connector that is configured to make a place. */
export interface ConfiguredPlace extends ConnectorMaker {
  /** Nobody has made it yet. */
  readonly place: Place;
  /** Destroys it, with all that is in it, by a client that is not the connector. */
  destroy(): Promise<void>;
}

/** A message as it arrived on the server, seen by a client that is not the connector. */
export interface Arrival {
  /** Where, as the server has it. */
  readonly target: string;
  readonly payload: string;
}

/** A server on which messages may arrive anywhere, and are seen wherever that is. */
export interface TargetsOnTrial extends ConnectorMaker {
  /** A target that takes messages as every other does. */
  readonly good: string;
  /** All messages that have arrived by now, at whatever target. */
  arrivals(): Promise<readonly Arrival[]>;
}

/** A server that refuses messages since a limit of its own is reached. */
export interface FullServer extends ConnectorMaker {
  /** A place that takes some messages of 1,000 bytes, and then no more. */
  readonly place: Place;
  /** Makes room there for some more; what is there already may go, the oldest first. */
  makeRoom(): Promise<void>;
}

/** What a server, and its connector, can do beyond what each has to; what is not declared is not tried. */
export interface MessagingFeatures {
  /** A loss is reported by `attempt.lost` at once. */
  readonly pushedLoss?: boolean | undefined;
  /** What was produced is in the server after it was killed with SIGKILL and started again. */
  readonly durable?: boolean | undefined;
  /** It has a consumer. */
  readonly consumer?: boolean | undefined;
  /** What was produced waits for a consumer that comes later. */
  readonly keeps?: boolean | undefined;
  /** A message whose handler rejects is delivered again. */
  readonly redelivers?: boolean | undefined;
  /** Two messages of the same id become one. */
  readonly deduplicates?: boolean | undefined;
  /** A consumed message has the id that it was produced with. */
  readonly ids?: boolean | undefined;
  /** The server counts how often it delivers a message. */
  readonly deliveries?: boolean | undefined;
  readonly headers?: boolean | undefined;
  readonly contentType?: boolean | undefined;
}

/** A connector for a message server on trial, with the real server. */
export interface MessagingTrial {
  /** Stopped when the suite begins; it asks for credentials, if `makeUnwelcome` is given. */
  readonly server: MessagingServer;
  /** Makes a connector for such a server at this port of 127.0.0.1; acquires nothing. */
  make(port: number): ServerConnector<TrialConnection>;
  /** Makes one that the server does not let in. */
  readonly makeUnwelcome?: ((port: number) => ServerConnector<TrialConnection>) | undefined;
  /** A place that nobody has used. The server runs meanwhile. */
  place(): Promise<Place>;
  /** Starts a server of its own whose limit is soon reached, if it has limits; it ends with the test file. */
  readonly full?: (() => Promise<FullServer>) | undefined;
  /** Destroys a place, with all that is in it, by a client that is not the connector: where one can be destroyed. */
  readonly destroy?: ((place: Place) => Promise<void>) | undefined;
  /** Makes it again, empty; absent where messages and consumers make a place. */
  readonly restore?: ((place: Place) => Promise<void>) | undefined;
  /** Makes a connector that is configured to make a place of its own: where it can be. */
  readonly configured?: (() => Promise<ConfiguredPlace>) | undefined;
  /** Where a handler takes long. */
  readonly longHandling?: (() => Promise<LongHandling>) | undefined;
  /** Has a server ready for messages to all these targets, as far as it can have such places. */
  readonly targets?: ((targets: readonly string[]) => Promise<TargetsOnTrial>) | undefined;
  readonly features: MessagingFeatures;
  /** Of what it had not acknowledged when it was killed, the server may have kept a message and not those before it. */
  readonly gapsAtKill?: boolean | undefined;
}
