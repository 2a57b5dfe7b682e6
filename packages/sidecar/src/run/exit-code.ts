import { SputnikError, type LandingReport } from '@sputnikjs/core';
import { causes, chain } from '../text.js';

/** What the process says when it ends (sysexits.h has the last one). */
export const EXIT = { clean: 0, failure: 1, badConfig: 78 } as const;

/** 0 if the landing was clean; 1 if something failed, outran its deadline, or accepted messages were lost. */
export function exitCodeOfReport(report: LandingReport): number {
  // guard: a landing that was not clean is exit 1
  return report.clean ? EXIT.clean : EXIT.failure;
}

/** 78 for configuration that cannot be used, also where a block finds that at init; 0 for a start that was stopped. */
export function exitCodeOfError(error: unknown): number {
  // guard: bad configuration is exit 78
  if (badConfigIn(error) !== undefined) return EXIT.badConfig;
  if (!(error instanceof SputnikError) || error.code !== 'ABORTED') return EXIT.failure;
  const { cause } = (error.report ?? {}) as Partial<LandingReport>;
  return cause?.kind === 'failure' ? EXIT.failure : EXIT.clean;
}

/** What to tell a person of an error that ended the satellite: each problem of a bad configuration, else one line. */
export function linesOf(error: unknown): readonly string[] {
  const problems = badConfigIn(error)?.problems ?? [];
  return problems.length > 0 ? problems : [`sputnik: ${chain(error)}`];
}

function badConfigIn(error: unknown): SputnikError | undefined {
  if (!(error instanceof SputnikError)) return undefined;
  if (error.code === 'BAD_CONFIG' || error.code === 'BAD_SETUP') return error;
  const inner = error.code === 'INIT_FAILED' ? causes(error) : [];
  return inner.find((cause): cause is SputnikError => cause instanceof SputnikError && cause.code === 'BAD_CONFIG');
}
