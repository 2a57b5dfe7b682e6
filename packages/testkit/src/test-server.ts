import { systemClock, type Clock, type ConfFactory, type ConnectAttempt, type ServerConnector } from '@sputnikjs/core';
import { gate, untilAborted, type Gate } from './gate.js';

/** Options of a {@link TestServer}. */
export interface TestServerOptions<C> {
  /** Makes the connection for the n-th connect, from 1. Default: the texts "c1", "c2", … */
  readonly connection?: ((n: number) => C) | undefined;
  /** Clock of a slow server. Default: that of the system. */
  readonly clock?: Clock | undefined;
}

/**
 * A server that a test can drop, restore, hang and slow down; it is also its connector.
 *
 * @example
 * import { defineBlock, Sputnik } from '@sputnikjs/core';
 * import { TestServer } from '@sputnikjs/testkit';
 * const connector = new TestServer({ connection: (n) => `connection ${n}` });
 * const user = defineBlock({ name: 'user', make: (_config, _to, { land }) => ({ onServerConnect: (text: string) => land(text) }) });
 * const flight = await new Sputnik({ appBlocks: [{ name: 'user' }], blockFactories: { user }, connector }).prepare();
 * console.log((await flight.launch()).cause.reason); // connection 1
 */
export class TestServer<C = string> implements ServerConnector<C> {
  /** Log of the calls. */
  log: string[] = [];
  readonly #connection: (n: number) => C;
  readonly #clock: Clock;
  #up = true;
  #slowMs = 0;
  #hung: Gate | undefined;
  #connections = 0;
  #attempt: ConnectAttempt | undefined;
  #heartbeats = new AbortController();

  constructor({ connection = (n) => `c${n}` as C, clock = systemClock }: TestServerOptions<C> = {}) {
    this.#connection = connection;
    this.#clock = clock;
  }

  async connect(_config: ConfFactory, attempt: ConnectAttempt): Promise<C> {
    this.log.push('server.connect');
    if (this.#slowMs > 0) {
      await this.#clock.sleep(this.#slowMs, attempt.signal);
      attempt.signal.throwIfAborted();
    }
    if (this.#hung) await Promise.race([this.#hung.passed, untilAborted(attempt.signal)]);
    if (!this.#up) throw new Error('the server is down');
    this.#attempt = attempt;
    return this.#connection(++this.#connections);
  }

  async isConnected(): Promise<boolean> {
    this.log.push('server.isConnected');
    if (this.#slowMs > 0) await this.#clock.sleep(this.#slowMs, this.#heartbeats.signal);
    await this.#hung?.passed;
    return this.#up;
  }

  disconnect(): void | Promise<void> {
    this.log.push('server.disconnect');
    this.#heartbeats.abort();
    this.#heartbeats = new AbortController();
  }

  /** The server goes away; the connector notices at once. */
  drop(reason?: unknown): void {
    this.#up = false;
    this.#attempt?.lost(reason);
  }

  /** The server goes away; only a heartbeat notices. */
  vanish(): void {
    this.#up = false;
  }

  /** The server is back. */
  restore(): void {
    this.#up = true;
    this.#hung?.open();
    this.#hung = undefined;
  }

  /** The server answers nothing until it is restored: attempts end only by their signal. */
  hang(): void {
    this.#hung ??= gate();
  }

  /** Makes the server take `ms` milliseconds to answer a connect or a heartbeat; 0: no time. */
  slow(ms: number): void {
    this.#slowMs = ms;
  }
}
