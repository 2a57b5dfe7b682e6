import type { BlockStatus, Failure, LandingCause, LandingReport, Unfinished } from './events.js';

/** What the landing report is made of, gathered while the satellite flies and lands (L4). */
export class Report {
  readonly #failures: (Failure & { count: number })[] = [];

  /** Failures of the same block and callback are counted, not listed: a mailbox may be full of them. */
  add({ block, callback, error }: Failure, count: number): void {
    const same = this.#failures.find((known) => known.block === block && known.callback === callback);
    if (same) same.count += count;
    else this.#failures.push({ block, callback, error, count });
  }

  /** The report as it is now. */
  make(
    cause: LandingCause,
    tookMs: number,
    unfinished: readonly Unfinished[],
    blocks: readonly BlockStatus[],
  ): LandingReport {
    const failures = this.#failures.map((failure) => ({ ...failure }));
    const dropped = blocks.flatMap(({ name, responsibility, dropped: count }) =>
      count > 0 ? { block: { name, responsibility }, count } : [],
    );
    const clean = failures.length + unfinished.length + dropped.length === 0;
    return { cause, clean, tookMs, unfinished, failures, dropped };
  }
}
