import type { ConnectAttempt, ServerConnector } from '@sputnikjs/core';

/** The connector of a nested satellite that uses the server connection of the enclosing satellite. */
export class ConnectionRelay implements ServerConnector {
  #connection: { readonly value: unknown } | undefined;
  /** The attempt under way, or the one that led to this connection. */
  #attempt: ConnectAttempt | undefined;
  #connected: ((value: unknown) => void) | undefined;

  /** The enclosing satellite has connected. */
  set(value: unknown): void {
    this.#connection = { value };
    this.#connected?.(value);
  }

  /** The enclosing satellite has lost its connection. */
  clear(): void {
    this.#connection = undefined;
    this.#attempt?.lost();
  }

  connect(_config: unknown, attempt: ConnectAttempt): Promise<unknown> {
    this.#attempt = attempt;
    return new Promise((resolve, reject) => {
      if (this.#connection) return resolve(this.#connection.value);
      this.#connected = resolve;
      attempt.signal.addEventListener('abort', () => reject(attempt.signal.reason as Error), { once: true });
    });
  }

  isConnected(): boolean {
    return this.#connection !== undefined;
  }

  /** Does nothing: the enclosing satellite closes the connection. */
  disconnect(): void {}
}
