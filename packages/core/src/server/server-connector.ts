import type { ConfFactory } from '../api/config.js';

/** One attempt to connect. */
export interface ConnectAttempt {
  /** Aborts when the attempt's deadline passes or landing begins: reject soon. */
  readonly signal: AbortSignal;
  /** Reports the loss of the connection that came of this attempt, at once instead of at the next heartbeat (S3). */
  readonly lost: (reason?: unknown) => void;
}

/** The plug-in that knows the server. `C` is what blocks get as connection, passed on as it is. */
export interface ServerConnector<C = unknown> {
  /** Connects, or rejects. Called again after a loss, without `disconnect` in between (S5). */
  connect(config: ConfFactory, attempt: ConnectAttempt): C | Promise<C>;
  /** The heartbeat: false, a throw, or no answer in time is a loss (S3). */
  isConnected(): boolean | Promise<boolean>;
  /** Closes the connection for good. Called once, after every application block finished (S5). */
  disconnect(): void | Promise<void>;
}
