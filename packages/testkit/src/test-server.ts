import type { ConfFactory, ConnectAttempt, ServerConnector } from '@sputnikjs/core';
import { gate, untilAborted, type Gate } from './gate.js';

/** A server to drop, restore and hang. Its connections are the texts "c1", "c2", … */
export class TestServer implements ServerConnector<string> {
  /** Where calls are noted; a test flight sets its own. */
  log: string[] = [];
  #up = true;
  #hung: Gate | undefined;
  #connections = 0;
  #attempt: ConnectAttempt | undefined;

  async connect(_config: ConfFactory, attempt: ConnectAttempt): Promise<string> {
    this.log.push('server.connect');
    if (this.#hung) await Promise.race([this.#hung.passed, untilAborted(attempt.signal)]);
    if (!this.#up) throw new Error('the server is down');
    this.#attempt = attempt;
    return `c${++this.#connections}`;
  }

  async isConnected(): Promise<boolean> {
    this.log.push('server.isConnected');
    await this.#hung?.passed;
    return this.#up;
  }

  disconnect(): void | Promise<void> {
    this.log.push('server.disconnect');
  }

  /** Goes away, and the connector knows at once. */
  drop(reason?: unknown): void {
    this.#up = false;
    this.#attempt?.lost(reason);
  }

  /** Goes away; only a heartbeat finds out. */
  vanish(): void {
    this.#up = false;
  }

  /** Is there again. */
  restore(): void {
    this.#up = true;
    this.#hung?.open();
    this.#hung = undefined;
  }

  /** Answers nothing until restored: attempts end only by their signal. */
  hang(): void {
    this.#hung ??= gate();
  }
}
