import type { BlockDescriptor } from '@sputnikjs/core';
import type { RunnerOptions } from './options.js';
import type { WithProblems } from './problems.js';
import { setUp, type Setup } from './setup.js';

/** What {@link check} found. */
export interface CheckResult {
  /** All problems, one line each: `<file>: <key>: what is wrong, what is expected`. */
  readonly problems: readonly string[];
  /**
   * What may be a mistake, one line each: needs that go in a circle, variables that look like those of a configuration and set no key. Empty
   * if there are problems.
   */
  readonly warnings: readonly string[];
  /**
   * The application blocks, in the order of initialisation. Empty if there are problems. Blocks of nested satellites have their path in
   * front: `syslog/syslogreceiver`.
   */
  readonly blocks: readonly BlockDescriptor[];
}

/**
 * Finds every problem of a configuration in one run, as `run` does before it starts. Loads the modules that the configuration names.
 * Initialises no block, opens no port, connects to nothing.
 *
 * @example
 * import { check } from '@sputnikjs/sidecar';
 * const { problems } = await check({ blocks: [{ name: 'producr' }] });
 * console.log(problems.join()); // configs.blocks: [0]: block "producr": there is no such block; did you mean "producer"? …
 */
export async function check<C = unknown>(options: RunnerOptions<C>): Promise<CheckResult> {
  return resultOf(await setUp(options));
}

/** The result of a check, from what `setUp` found. */
export function resultOf({ value, problems }: WithProblems<Setup | undefined>): CheckResult {
  return {
    problems,
    warnings: value?.warnings ?? [],
    blocks: (value?.wiring ?? []).map(({ name, responsibility }) => ({ name, responsibility })),
  };
}
