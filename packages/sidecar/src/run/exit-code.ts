import { SputnikError, type LandingReport } from '@sputnikjs/core';
import { causes, chain } from '../text.js';

/** The exit codes of the process (the last one is from sysexits.h). */
export const EXIT = { clean: 0, failure: 1, badConfig: 78 } as const;

/** 0 if the landing was clean; 1 if something failed or missed its deadline, or accepted messages were lost. */
export function exitCodeOfReport(report: LandingReport): number {
  // guard: a landing that was not clean is exit 1
  return report.clean ? EXIT.clean : EXIT.failure;
}

/** 78 if the configuration cannot be used, also if a block finds that in its `init`; 0 for a start that was stopped. */
export function exitCodeOfError(error: unknown): number {
  // guard: bad configuration is exit 78
  if (badConfigIn(error) !== undefined) return EXIT.badConfig;
  if (!(error instanceof SputnikError) || error.code !== 'ABORTED') return EXIT.failure;
  const { cause } = (error.report ?? {}) as Partial<LandingReport>;
  return cause?.kind === 'failure' ? EXIT.failure : EXIT.clean;
}

/** The lines for people about an error that ended the satellite: each problem of a bad configuration, otherwise one line. */
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
