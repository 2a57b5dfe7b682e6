import { blockChecks, type BlockSubject, type BlockTrial } from './block-checks.js';
import { suite } from './suite.js';

/**
 * Registers a test for each rule that every block must keep. The block has the responsibility given.
 *
 * @example
 * import { defineBlock } from '@sputnikjs/core';
 * import { blockConformance, echoBlock } from '@sputnikjs/testkit';
 * const greeter = defineBlock({
 *   name: 'greeter',
 *   needs: { post: 'post' },
 *   make: (_config, { post }) => ({ onMsg: ({ name }) => post.ask({ text: `hello, ${name}` }) }),
 * });
 * blockConformance('greeter', {
 *   block: greeter,
 *   neighbours: { post: echoBlock() },
 *   work: (flight) => flight.to('greeter').ask({ name: 'Laika' }),
 * });
 */
export function blockConformance<C = unknown>(responsibility: string, trial: BlockTrial<C>): void {
  // Connections only pass through.
  const subject = { ...trial, responsibility } as unknown as BlockSubject;
  suite(`block ${responsibility}`, blockChecks, subject);
}
