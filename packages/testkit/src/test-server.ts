import { systemClock, type Clock, type ConfFactory, type ConnectAttempt, type ServerConnector } from '@sputnikjs/core';
import { gate, untilAborted, type Gate } from './gate.js';

/** What a {@link TestServer} is made from. */
export interface TestServerOptions<C> {
  /** The connection for the n-th connect, counted from 1; the texts "c1", "c2", … unless given. */
  readonly connection?: ((n: number) => C) | undefined;
  /** What a slow server takes its time by; the system's unless given. */
  readonly clock?: Clock | undefined;
}

/**
 * A server to drop, restore, hang and slow down, and its connector in one.
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
  /** Where calls are noted. */
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

  /** From now on takes so many milliseconds to answer a connect or a heartbeat; 0 for none. */
  slow(ms: number): void {
    this.#slowMs = ms;
  }
}
