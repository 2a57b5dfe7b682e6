import type { Hearer } from '@sputnikjs/core';

/** Submits by a question that makes a promise: where messages are cloned, that is little of what they cost. */
export function submitBy<A>(ask: () => Promise<A>, hearer: Hearer<A>): void {
  void ask().then(
    (answer) => hearer.answered(answer),
    (error: unknown) => hearer.failed(error),
  );
}
