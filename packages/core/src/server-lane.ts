type Change = { readonly connection: unknown } | 'disconnect';

/**
 * The changes of the server connection that a block has yet to be told: strictly alternating, at most two. Outages that a
 * slow block missed are skipped as (connect, disconnect) pairs, so that it always learns that a connection value is dead
 * before it gets the next (S4).
 */
export class ServerLane {
  readonly #tell: (change: Change) => Promise<void>;
  #pending: Change[] = [];
  #state: 'held' | 'open' | 'closed' = 'held';
  #telling = false;

  /** `tell` calls the block; it never rejects. */
  constructor(tell: (change: Change) => Promise<void>) {
    this.#tell = tell;
  }

  connected(connection: unknown): void {
    this.#pending.push({ connection });
    void this.#run();
  }

  disconnected(): void {
    const last = this.#pending.at(-1);
    if (last !== undefined && last !== 'disconnect') this.#pending.pop();
    else this.#pending.push('disconnect');
    void this.#run();
  }

  /** Begins to tell (F2). */
  open(): void {
    this.#state = 'open';
    void this.#run();
  }

  /** Tells nothing more (L5). */
  close(): void {
    this.#state = 'closed';
    this.#pending = [];
  }

  async #run(): Promise<void> {
    if (this.#telling || this.#state !== 'open') return;
    this.#telling = true;
    while (this.#state === 'open') {
      const change = this.#pending.shift();
      if (change === undefined) break;
      await this.#tell(change);
    }
    this.#telling = false;
  }
}
