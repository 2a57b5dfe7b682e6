import { turn, type ManualClock } from './manual-clock.js';
import type { TestServer } from './test-server.js';

/** A satellite whose server is back has tried again after this time at the latest (S2). */
const LONGEST_RETRY_MS = 10_000;

/** The server of a test flight. What it does has had its effects when the promise resolves. */
export class FlightServer {
  readonly #server: TestServer<unknown>;
  readonly #clock: ManualClock;

  constructor(server: TestServer<unknown>, clock: ManualClock) {
    this.#server = server;
    this.#clock = clock;
  }

  /** Goes away. The connector and the blocks know at once. Takes no time. */
  async drop(reason?: unknown): Promise<void> {
    this.#server.drop(reason);
    await turn();
  }

  /** Is there again. Ten seconds pass, in which the satellite connects: how soon is up to chance. */
  async restore(): Promise<void> {
    this.#server.restore();
    await this.#clock.advance(LONGEST_RETRY_MS);
  }

  /** Goes away and comes back, `n` times. */
  async flap(n: number): Promise<void> {
    for (let i = 0; i < n; i++) {
      await this.drop();
      await this.restore();
    }
  }

  /** From now on takes so many milliseconds to answer a connect or a heartbeat; 0 for none. */
  slow(ms: number): void {
    this.#server.slow(ms);
  }
}
