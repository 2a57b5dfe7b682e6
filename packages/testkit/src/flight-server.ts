import { turn, type ManualClock } from './manual-clock.js';
import type { TestServer } from './test-server.js';

/** When its server is back, a satellite tries again within this time (S2). */
const LONGEST_RETRY_MS = 10_000;

/** The server of a test flight. When a promise resolves, what the call causes has happened. */
export class FlightServer {
  readonly #server: TestServer<unknown>;
  readonly #clock: ManualClock;

  constructor(server: TestServer<unknown>, clock: ManualClock) {
    this.#server = server;
    this.#clock = clock;
  }

  /** The server goes away. The connector and the blocks notice at once. The clock does not move. */
  async drop(reason?: unknown): Promise<void> {
    this.#server.drop(reason);
    await turn();
  }

  /** The server is back. Ten seconds pass, in which the satellite connects, after a random delay. */
  async restore(): Promise<void> {
    this.#server.restore();
    await this.#clock.advance(LONGEST_RETRY_MS);
  }

  /** The server goes away and comes back, `n` times. */
  async flap(n: number): Promise<void> {
    for (let i = 0; i < n; i++) {
      await this.drop();
      await this.restore();
    }
  }

  /** Makes the server take `ms` milliseconds to answer a connect or a heartbeat; 0: no time. */
  slow(ms: number): void {
    this.#server.slow(ms);
  }
}
