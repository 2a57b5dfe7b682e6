import { blockChecks, type BlockSubject, type BlockTrial } from './block-checks.js';
import { suite } from './suite.js';

/** Registers a test for each rule that every block keeps. The block flies under the responsibility given. */
export function blockConformance<C = unknown>(responsibility: string, trial: BlockTrial<C>): void {
  // Connections only pass through.
  const subject = { ...trial, responsibility } as unknown as BlockSubject;
  suite(`block ${responsibility}`, blockChecks, subject);
}
