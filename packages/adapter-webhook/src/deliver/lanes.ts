interface Job {
  readonly key: unknown;
  begin(): void;
}

/** Does work that has a key: of one key in order, one after the other; of different keys a bounded number at once. */
export class Lanes {
  readonly #most: number;
  /** Those that wait for one of their key; a key is here as long as there is work of it. */
  readonly #behind = new Map<unknown, Job[]>();
  /** Those whose turn it is. */
  readonly #next: Job[] = [];
  #running = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Does the work when it is its turn; settles as that does. */
  run<T>(key: unknown, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        work()
          .then(resolve, reject)
          .finally(() => this.#ended(key));
      };
      const behind = this.#behind.get(key);
      if (behind) behind.push({ key, begin });
      else {
        this.#behind.set(key, []);
        this.#next.push({ key, begin });
        this.#beginNext();
      }
    });
  }

  #ended(key: unknown): void {
    this.#running--;
    // guard: of one key there is one at a time
    const job = this.#behind.get(key)?.shift();
    if (job) this.#next.push(job);
    else this.#behind.delete(key);
    this.#beginNext();
  }

  #beginNext(): void {
    while (this.#running < this.#most) {
      const job = this.#next.shift();
      if (!job) return;
      this.#running++;
      job.begin();
    }
  }
}
