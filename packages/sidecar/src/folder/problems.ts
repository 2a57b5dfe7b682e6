import { SputnikError } from '@sputnikjs/core';

/** What was made of a configuration, and all that is wrong with it, one line each: reading goes on past what is wrong, to find it in one run. */
export interface WithProblems<T> {
  readonly value: T;
  readonly problems: readonly string[];
}

/**
 * What `work` resolves with, or, if it rejects with problems, `otherwise` and these: so the rest can be checked in the same run. Rejects
 * with errors of any other kind.
 */
export async function attempt<T>(work: Promise<T>, otherwise: T): Promise<WithProblems<T>> {
  try {
    return { value: await work, problems: [] };
  } catch (error) {
    return { value: otherwise, problems: problemsOf(error) };
  }
}

/** The problems of an error. Throws it again if it has none: it is of another kind. */
export function problemsOf(error: unknown): readonly string[] {
  if (!(error instanceof SputnikError) || error.problems.length === 0) throw error;
  return error.problems;
}

/** The value, if nothing is wrong with it. Throws BAD_CONFIG with all problems. */
export function usable<T>({ value, problems }: WithProblems<T | undefined>): T {
  if (value !== undefined && problems.length === 0) return value;
  throw new SputnikError('BAD_CONFIG', 'the configuration cannot be used', { problems });
}
