import type { ConnectAttempt, ServerConnector } from '@sputnikjs/core';

/** The server connection of the satellite around another, as the connector of that. */
export class ConnectionRelay implements ServerConnector {
  #connection: { readonly value: unknown } | undefined;
  /** Of the attempt under way, or of the one that has this connection. */
  #attempt: ConnectAttempt | undefined;
  #connected: ((value: unknown) => void) | undefined;

  /** The satellite around has a connection. */
  set(value: unknown): void {
    this.#connection = { value };
    this.#connected?.(value);
  }

  /** It has none any more. */
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

  /** It is the satellite around that closes it. */
  disconnect(): void {}
}
