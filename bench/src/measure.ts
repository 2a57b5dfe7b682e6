/** Moves `count` messages; resolves when all have been handled. */
export type Run = (count: number) => Promise<void>;

/** Two that do the same, started and ready to run. */
export interface Contest {
  readonly ours: Run;
  readonly baseline: Run;
  /** Ends what `ours` needs. */
  end(): Promise<unknown>;
}

/** How much to measure. */
export interface Effort {
  readonly rounds: number;
  /** Milliseconds of each sample, at least. */
  readonly sampleMs: number;
  /** Messages between two looks at the clock. */
  readonly batch: number;
}

/** What the rounds have found. */
export interface Speeds {
  /** Messages per second, medians. */
  readonly ours: number;
  readonly baseline: number;
  /** Of ours to the baseline in each round: what disturbs a round disturbs both. */
  readonly ratios: readonly number[];
}

/** Lets both run in turns, each first as often as the other. A round before the first is for the compiler. */
export async function measure({ ours, baseline }: Contest, effort: Effort): Promise<Speeds> {
  const rounds: { readonly ours: number; readonly baseline: number }[] = [];
  for (let round = 0; round <= effort.rounds; round++) {
    const [first, second] = round % 2 === 0 ? [ours, baseline] : [baseline, ours];
    const speeds = [await sample(first, effort), await sample(second, effort)];
    const [our = 0, base = 0] = round % 2 === 0 ? speeds : speeds.toReversed();
    if (round > 0) rounds.push({ ours: our, baseline: base });
  }
  return {
    ours: median(rounds.map(({ ours }) => ours)),
    baseline: median(rounds.map(({ baseline }) => baseline)),
    ratios: rounds.map(({ ours, baseline }) => ours / baseline),
  };
}

async function sample(run: Run, { sampleMs, batch }: Effort): Promise<number> {
  const start = performance.now();
  let count = 0;
  let took = 0;
  do {
    await run(batch);
    count += batch;
    took = performance.now() - start;
  } while (took < sampleMs);
  return (count / took) * 1000;
}

/** The middle of an odd number of values, the upper middle of an even one. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
