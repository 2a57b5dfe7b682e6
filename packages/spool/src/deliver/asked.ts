import type { Hearer } from '@sputnikjs/core';
import type { ProduceResult } from '@sputnikjs/messaging';
import type { Kept } from '../store/record.js';

/** A message that the producer was asked to deliver. One small object for each, in place of a promise and closures (measured). */
export class Asked implements Hearer<ProduceResult | void> {
  readonly #kept: Kept;
  readonly #onDelivered: (kept: Kept, result: ProduceResult | void) => void;
  readonly #onFailed: (kept: Kept, error: unknown) => void;

  constructor(
    kept: Kept,
    onDelivered: (kept: Kept, result: ProduceResult | void) => void,
    onFailed: (kept: Kept, error: unknown) => void,
  ) {
    this.#kept = kept;
    this.#onDelivered = onDelivered;
    this.#onFailed = onFailed;
  }

  answered(result: ProduceResult | void): void {
    this.#onDelivered(this.#kept, result);
  }

  failed(error: unknown): void {
    this.#onFailed(this.#kept, error);
  }
}
