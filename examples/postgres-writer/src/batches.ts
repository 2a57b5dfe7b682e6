/** A batch has so many bytes at most: a statement is sent as text. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Has work done for all that waits at once: while a batch is under way, the next one gathers. */
export class Batches<T> {
  readonly #work: (batch: readonly T[]) => Promise<void>;
  readonly #bytesOf: (one: T) => number;
  readonly #waiting: T[] = [];
  #isWorking = false;

  /** `work` must not reject. */
  constructor(work: (batch: readonly T[]) => Promise<void>, bytesOf: (one: T) => number = () => 0) {
    this.#work = work;
    this.#bytesOf = bytesOf;
  }

  add(one: T): void {
    this.#waiting.push(one);
    if (!this.#isWorking) void this.#workOff();
  }

  async #workOff(): Promise<void> {
    this.#isWorking = true;
    // what comes in this turn is one batch
    await Promise.resolve();
    while (this.#waiting.length > 0) await this.#work(this.#waiting.splice(0, this.#next()));
    this.#isWorking = false;
  }

  /** How many are the next batch. */
  #next(): number {
    let [count, bytes] = [0, 0];
    for (const one of this.#waiting) {
      bytes += this.#bytesOf(one);
      if (count > 0 && bytes > MAX_BYTES) break;
      count++;
    }
    return count;
  }
}
