import type { BlockStatus, Failure, LandingCause, LandingReport, Unfinished } from '../block/events.js';

/** What a landing left behind, of what was gathered while the satellite flew and landed (L4). */
export function makeReport(
  cause: LandingCause,
  tookMs: number,
  unfinished: readonly Unfinished[],
  failures: readonly (Failure & { readonly count: number })[],
  blocks: readonly BlockStatus[],
): LandingReport {
  // guard: L4 what was dropped is in the report
  const dropped = blocks.flatMap(({ name, responsibility, dropped: count }) =>
    count > 0 ? { block: { name, responsibility }, count } : [],
  );
  const clean = failures.length + unfinished.length + dropped.length === 0;
  return { cause, clean, tookMs, unfinished, failures, dropped };
}
