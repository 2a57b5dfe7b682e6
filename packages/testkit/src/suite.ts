import { testRunner } from './runner.js';

/** A rule that every subject of a kind has to keep, and the trial that shows it. */
export interface Check<T> {
  /** The rule, as a sentence. */
  readonly rule: string;
  /** Why the trial cannot be made with this subject, if so. */
  readonly skip?: ((subject: T) => string | undefined) | undefined;
  /** Rejects with what is wrong; `tell` is for figures. Waits in real time where it has to. */
  readonly run: (subject: T, tell: Tell) => Promise<void>;
}

/** Shows a line beside the test's result. */
export type Tell = (line: string) => void;

/** Registers a test for each rule, with the test runner of this process. */
export function suite<T>(title: string, checks: Readonly<Record<string, Check<T>>>, subject: T): void {
  const { describe, test } = testRunner();
  describe(title, () => {
    for (const { rule, skip, run } of Object.values(checks)) test(rule, skip?.(subject), (tell) => run(subject, tell));
  });
}
