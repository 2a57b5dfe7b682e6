import { CONNECTOR, type ConfFactory, type ConnectAttempt, type Logger, type ServerConnector } from '@sputnikjs/core';
import type { StartableConnector } from '@sputnikjs/messaging';
import { placeOf } from '../text.js';

/** The `url` of a connection, if it has one, without secrets. */
export function serverOf(connection: unknown): string | undefined {
  const { url } = (connection ?? {}) as { readonly url?: unknown };
  return typeof url === 'string' ? placeOf(url) : undefined;
}

/** A server connector that the runner has started. The runner ends it if the core has no reason to. */
export class OwnedConnector implements ServerConnector {
  readonly #inner: StartableConnector;
  #started = false;
  #url: string | undefined;

  constructor(inner: StartableConnector) {
    this.#inner = inner;
  }

  async start(log: Logger | undefined): Promise<void> {
    if (this.#inner.start === undefined) return;
    await this.#inner.start(log?.child?.({ block: CONNECTOR }) ?? log);
    this.#started = true;
  }

  /** The `url` of the last connection, if it has one, without secrets. */
  get url(): string | undefined {
    return this.#url;
  }

  async connect(config: ConfFactory, attempt: ConnectAttempt): Promise<unknown> {
    const connection: unknown = await this.#inner.connect(config, attempt);
    this.#url = serverOf(connection);
    return connection;
  }

  isConnected(): boolean | Promise<boolean> {
    return this.#inner.isConnected();
  }

  disconnect(): void | Promise<void> {
    this.#started = false;
    return this.#inner.disconnect();
  }

  /** Disconnects a connector that was started and never connected: the core does not disconnect it. */
  async release(): Promise<void> {
    if (this.#started) await this.disconnect();
  }
}
