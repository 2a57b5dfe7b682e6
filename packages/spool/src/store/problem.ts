/** Something that went wrong in a store, and did not end it. */
export interface Problem {
  readonly event: 'spoolDamaged' | 'spoolTorn' | 'spoolSegmentGivenUp' | 'spoolStopped' | 'spoolCleaningFailed';
  readonly text: string;
  readonly file?: string | undefined;
  readonly error?: unknown;
  /** How many messages are lost with it. */
  readonly lost?: number | undefined;
}

export type OnProblem = (problem: Problem) => void;
