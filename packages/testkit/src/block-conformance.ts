import { blockChecks, type BlockSubject, type BlockTrial } from './block-checks.js';
import { blockPlaceChecks } from './block-place-checks.js';
import { joinServer, type BlockPlace } from './placed-flight.js';
import { testRunner } from './runner.js';
import { suite } from './suite.js';

const PLACES: Readonly<Record<BlockPlace, string>> = {
  here: 'in a satellite of its own',
  clone: 'in a satellite of its own, with clones',
  thread: 'in a thread of its own',
  process: 'in a process of its own',
};

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
  const { places } = subject;
  if (places === undefined) return;
  testRunner().describe(`block ${responsibility}, at each place`, () => {
    const join = joinServer();
    for (const [place, title] of Object.entries(PLACES))
      suite(title, blockPlaceChecks, { subject: { ...subject, places }, place: place as BlockPlace, join });
  });
}
