import type { Clock } from '@sputnikjs/core';
import type { Answer } from '../answer/answers.js';

/** A client that waits for what becomes of its message. */
export interface Waiter {
  readonly until: number;
  readonly answer: (answer: Answer) => void;
}

/** Clients that wait, all for the same time: one timer is enough. */
export class Waiting {
  readonly #clock: Clock;
  readonly #ms: number;
  readonly #late: () => Answer;
  /** In the order in which their time is over. */
  readonly #waiters = new Set<Waiter>();
  #cancel: (() => void) | undefined;

  /** Who has waited for `ms` is answered with `late`. */
  constructor(clock: Clock, ms: number, late: () => Answer) {
    this.#clock = clock;
    this.#ms = ms;
    this.#late = late;
  }

  /** Has a client wait. */
  add(answer: (answer: Answer) => void): Waiter {
    const waiter = { until: this.#clock.now() + this.#ms, answer };
    this.#waiters.add(waiter);
    this.#cancel ??= this.#clock.after(this.#ms, () => this.#look());
    return waiter;
  }

  /** True until it is answered. */
  has(waiter: Waiter): boolean {
    return this.#waiters.has(waiter);
  }

  /** Answers one. False if it was answered before. */
  end(waiter: Waiter, answer: Answer): boolean {
    if (!this.#waiters.delete(waiter)) return false;
    if (this.#waiters.size === 0) this.#stop();
    waiter.answer(answer);
    return true;
  }

  /** Answers all alike. */
  endAll(answer: Answer): void {
    for (const waiter of this.#waiters) this.end(waiter, answer);
  }

  #stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #look(): void {
    this.#cancel = undefined;
    const now = this.#clock.now();
    for (const waiter of this.#waiters) {
      if (waiter.until > now) {
        this.#stop();
        this.#cancel = this.#clock.after(waiter.until - now, () => this.#look());
        return;
      }
      this.end(waiter, this.#late());
    }
  }
}
