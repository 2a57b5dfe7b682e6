import { SputnikError } from '@sputnikjs/core';

/** The value made from a configuration, and its problems, one line each. Reading goes on after a problem, to find all in one run. */
export interface WithProblems<T> {
  readonly value: T;
  readonly problems: readonly string[];
}

/**
 * The value of `work`. If `work` rejects with problems, `otherwise` and these problems, so that the same run can check the rest. Rejects with
 * any other error.
 */
export async function attempt<T>(work: Promise<T>, otherwise: T): Promise<WithProblems<T>> {
  try {
    return { value: await work, problems: [] };
  } catch (error) {
    return { value: otherwise, problems: problemsOf(error) };
  }
}

/** The problems of an error. Throws the error again if it has none. */
export function problemsOf(error: unknown): readonly string[] {
  if (!(error instanceof SputnikError) || error.problems.length === 0) throw error;
  return error.problems;
}

/** The value, if there are no problems. Otherwise throws BAD_CONFIG with all of them. */
export function usable<T>({ value, problems }: WithProblems<T | undefined>): T {
  if (value !== undefined && problems.length === 0) return value;
  throw new SputnikError('BAD_CONFIG', 'the configuration cannot be used', { problems });
}
