import { CONNECTOR, type ConfFactory, type ConnectAttempt, type Logger, type ServerConnector } from '@sputnikjs/core';
import type { StartableConnector } from './contract.js';

/** A server connector that the runner has started, and ends if the core has no reason to. */
export class OwnedConnector implements ServerConnector {
  readonly #inner: StartableConnector;
  #started = false;

  constructor(inner: StartableConnector) {
    this.#inner = inner;
  }

  async start(log: Logger | undefined): Promise<void> {
    if (this.#inner.start === undefined) return;
    await this.#inner.start(log?.child?.({ block: CONNECTOR }) ?? log);
    this.#started = true;
  }

  connect(config: ConfFactory, attempt: ConnectAttempt): unknown {
    return this.#inner.connect(config, attempt);
  }

  isConnected(): boolean | Promise<boolean> {
    return this.#inner.isConnected();
  }

  disconnect(): void | Promise<void> {
    this.#started = false;
    return this.#inner.disconnect();
  }

  /** Disconnects what was started and never disconnected, since it never connected. */
  async release(): Promise<void> {
    if (this.#started) await this.disconnect();
  }
}
