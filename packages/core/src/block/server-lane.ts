/** A server connection, as distinct from the next one even if that has the same value. */
export interface ServerConnection {
  readonly connection: unknown;
}

/**
 * The changes of the server connection that a block has not seen yet: strictly alternating. Outages that a slow block missed are
 * skipped as (connect, disconnect) pairs, so that it always learns that a connection is dead before it gets the next (S4).
 */
export class ServerLane {
  readonly #tell: (link: ServerConnection | undefined) => Promise<void>;
  #present: ServerConnection | undefined;
  #told: ServerConnection | undefined;
  #isOpen = false;
  #isTelling = false;

  /** `tell` calls the block; it never rejects. */
  constructor(tell: (link: ServerConnection | undefined) => Promise<void>) {
    this.#tell = tell;
  }

  /** The connection there is from now on, if any. */
  set(link: ServerConnection | undefined): void {
    this.#present = link;
    void this.#run();
  }

  /** Begins to tell (F2). */
  open(): void {
    this.#isOpen = true;
    void this.#run();
  }

  /** Tells nothing more (L5). */
  close(): void {
    this.#isOpen = false;
  }

  async #run(): Promise<void> {
    // guard: S4 a block is told one at a time
    if (this.#isTelling) return;
    this.#isTelling = true;
    // guard: F2 the connection waits for run
    while (this.#isOpen && this.#told !== this.#present) {
      // guard: S4 disconnect comes before the next connect
      this.#told = this.#told ? undefined : this.#present;
      await this.#tell(this.#told);
    }
    this.#isTelling = false;
  }
}
