interface Waiter<T> {
  readonly item: T;
  settle(letIn: boolean): void;
}

/** Senders that wait for room, first come, first served (M4). */
export class WaitingRoom<T> {
  readonly #waiters = new Set<Waiter<T>>();
  readonly #onLeave: () => void;

  /** `onLeave` is told when somebody gave up. */
  constructor(onLeave: () => void) {
    this.#onLeave = onLeave;
  }

  get size(): number {
    return this.#waiters.size;
  }

  /** Resolves true once let in, false when sent away; rejects with the signal's reason when that aborts first. */
  wait(item: T, signal: AbortSignal | undefined): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiters.delete(waiter);
        signal?.removeEventListener('abort', giveUp);
      };
      const giveUp = (): void => {
        leave();
        reject(signal?.reason as Error);
        this.#onLeave();
      };
      const settle = (letIn: boolean): void => {
        leave();
        resolve(letIn);
      };
      const waiter = { item, settle };
      this.#waiters.add(waiter);
      signal?.addEventListener('abort', giveUp);
    });
  }

  /** Lets the one who has waited longest in; there must be one. */
  next(): T {
    const [waiter] = this.#waiters as Iterable<Waiter<T>> as [Waiter<T>];
    waiter.settle(true);
    return waiter.item;
  }

  /** Sends all away. */
  empty(): void {
    for (const waiter of this.#waiters) waiter.settle(false);
  }
}
