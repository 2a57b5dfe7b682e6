/** Over so many ticks a rate is taken. */
const TICKS = 8;

/** How fast counts grow, by the difference between now and some ticks ago. */
export class Rates {
  /** Oldest first. */
  readonly #samples: { readonly at: number; readonly counts: ReadonlyMap<string, number> }[] = [];

  /** Takes the counts at a time, in milliseconds. */
  take(at: number, counts: ReadonlyMap<string, number>): void {
    this.#samples.push({ at, counts });
    if (this.#samples.length > TICKS + 1) this.#samples.shift();
  }

  /** By how much a count grows in a second; 0 as long as that is not known. */
  of(name: string): number {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined || last.at <= first.at) return 0;
    const grown = (last.counts.get(name) ?? 0) - (first.counts.get(name) ?? 0);
    return (grown * 1000) / (last.at - first.at);
  }
}
