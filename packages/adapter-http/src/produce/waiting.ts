import type { Clock } from '@sputnikjs/core';
import type { Answer } from '../answer/answers.js';

/** A client that waits for the outcome of its message. */
export interface Waiter {
  readonly until: number;
  readonly answer: (answer: Answer) => void;
}

/** Clients that wait. All wait equally long, so one timer is enough. */
export class Waiting {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #late: () => Answer;
  /** In the order in which their time ends. */
  readonly #waiters = new Set<Waiter>();
  #cancel: (() => void) | undefined;

  /** Answers clients that have waited for `ms` with `late`. */
  constructor(clock: Clock, ms: number, late: () => Answer) {
    this.#clock = clock;
    this.#ms = ms;
    this.#late = late;
  }

  /** Adds a client. */
  add(answer: (answer: Answer) => void): Waiter {
    const waiter = { until: this.#clock.now() + this.#ms, answer };
    this.#waiters.add(waiter);
    this.#cancel ??= this.#clock.after(this.#ms, () => this.#endOverdue());
    return waiter;
  }

  /** Answers a client; returns false if it was already answered. */
  end(waiter: Waiter, answer: Answer): boolean {
    if (!this.#waiters.delete(waiter)) return false;
    if (this.#waiters.size === 0) this.#stop();
    waiter.answer(answer);
    return true;
  }

  /** Answers all clients. */
  endAll(answer: Answer): void {
    for (const waiter of this.#waiters) this.end(waiter, answer);
  }

  #stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #endOverdue(): void {
    this.#cancel = undefined;
    const now = this.#clock.now();
    for (const waiter of this.#waiters) {
      if (waiter.until > now) {
        this.#stop();
        this.#cancel = this.#clock.after(waiter.until - now, () => this.#endOverdue());
        return;
      }
      this.end(waiter, this.#late());
    }
  }
}
