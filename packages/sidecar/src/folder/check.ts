import type { RunnerOptions } from './options.js';
import { setUp } from './setup.js';

/** What {@link check} found. */
export interface CheckResult {
  /** All that is wrong, one line each: `<file>: <key>: what is wrong, what is expected`. */
  readonly problems: readonly string[];
  /** What may be meant, and may not, one line each: needs that go in a circle. Found where there are no problems. */
  readonly warnings: readonly string[];
  /** How many application blocks there are. */
  readonly blocks: number;
}

/**
 * Finds every problem of a configuration in one run, as `run` would before it starts. Loads the modules that are named;
 * initialises no block, opens no port, connects to nothing.
 *
 * @example
 * import { check } from '@sputnikjs/sidecar';
 * const { problems } = await check({ blocks: [{ name: 'producr' }] });
 * console.log(problems.join()); // configs.blocks: [0]: block "producr": there is no such block; did you mean "producer"? …
 */
export async function check<C = unknown>(options: RunnerOptions<C>): Promise<CheckResult> {
  const { value, problems } = await setUp(options);
  return { problems, warnings: value?.warnings ?? [], blocks: value?.sputnik.appBlocks.length ?? 0 };
}
