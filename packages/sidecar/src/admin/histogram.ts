/** Upper bounds of the buckets, in seconds. */
export const BOUNDS: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
];

/** Durations, counted in buckets. */
export class Histogram {
  /** How many durations are in each bucket and no smaller one; the last is for those above all bounds. */
  readonly #counts = Array.from({ length: BOUNDS.length + 1 }, () => 0);
  #sum = 0;

  observe(seconds: number): void {
    const at = BOUNDS.findIndex((bound) => seconds <= bound);
    const place = at === -1 ? BOUNDS.length : at;
    this.#counts[place] = (this.#counts[place] ?? 0) + 1;
    this.#sum += seconds;
  }

  /** Of all durations, in seconds. */
  get sum(): number {
    return this.#sum;
  }

  get count(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  /** How many durations are at most as long as each of {@link BOUNDS}. */
  get cumulative(): readonly number[] {
    let sum = 0;
    return BOUNDS.map((_, at) => (sum += this.#counts[at] ?? 0));
  }

  /**
   * A duration that the share `quantile` of all does not exceed, in seconds: the upper bound of its bucket, and so at most that. Infinity
   * beyond all bounds; undefined without any durations.
   */
  atMost(quantile: number): number | undefined {
    const { count } = this;
    if (count === 0) return undefined;
    const at = this.cumulative.findIndex((sum) => sum >= quantile * count);
    return BOUNDS[at] ?? Infinity;
  }
}
