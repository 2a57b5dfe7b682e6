import type { Streams } from './streams.js';

/** So often a message is sent anew for which a stream was made. */
const MOST_TRIES = 3;

/**
 * Messages that found no stream though one is configured: it was deleted, and is made again, once for all of them. What is sent meanwhile
 * waits behind them, so that the order stays.
 */
export class Misses {
  readonly #streams: Streams;
  readonly #send: (id: number) => void;
  readonly #failed: (id: number, error: Error) => void;
  /** How often those were sent that found no stream. */
  readonly #tries = new Map<number, number>();
  readonly #waiting = new Set<number>();
  #making = false;

  /** `send` sends a message of ours, unless it is settled; `failed` is told why there is no stream for it. */
  constructor(streams: Streams, send: (id: number) => void, failed: (id: number, error: Error) => void) {
    this.#streams = streams;
    this.#send = send;
    this.#failed = failed;
  }

  /** True if a new message has to wait behind those that are here. */
  get making(): boolean {
    return this.#making;
  }

  /** Has a message wait that is not sent yet. */
  wait(id: number): void {
    this.#waiting.add(id);
  }

  /** Takes a message that no stream took. False if none is configured for it, or making it does not help. */
  take(id: number, target: string): boolean {
    const tries = this.#tries.get(id) ?? 0;
    if (tries === MOST_TRIES || !this.#streams.take(target)) return false;
    this.#tries.set(id, tries + 1);
    this.#waiting.add(id);
    if (!this.#making) void this.#make();
    return true;
  }

  /** Forgets the messages that are under way no more. */
  prune(isUnderWay: (id: number) => boolean): void {
    for (const id of this.#tries.keys()) if (!isUnderWay(id)) this.#tries.delete(id);
  }

  async #make(): Promise<void> {
    this.#making = true;
    let failure: Error | undefined;
    try {
      await this.#streams.prepare();
    } catch (error) {
      failure = error as Error;
    }
    this.#making = false;
    const ids = [...this.#waiting].toSorted((a, b) => a - b);
    this.#waiting.clear();
    for (const id of ids) {
      if (failure !== undefined && this.#tries.has(id)) this.#failed(id, failure);
      else this.#send(id);
    }
  }
}
