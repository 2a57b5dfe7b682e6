import type { ActiveBlock } from './active-block.js';
import { settles, type Clock } from './clock.js';
import type { ConfFactory } from './config.js';
import { SputnikError } from './errors.js';
import type { Failure, SputnikEvent } from './events.js';

/** A block that is ready to be initialised. */
export interface CrewMember {
  readonly active: ActiveBlock;
  readonly config: ConfFactory;
}

/**
 * Initialises a block. Resolves with its failure, or undefined. One that fails gets no `finish`, only its signal aborts;
 * if its `init` succeeds after the deadline after all, it is finished then (B3).
 */
export async function initialise(
  { active, config }: CrewMember,
  { clock, initMs, landingMs }: { readonly clock: Clock; readonly initMs: number; readonly landingMs: number },
  emit: (event: SputnikEvent) => void,
): Promise<Failure | undefined> {
  const { descriptor: block } = active;
  emit({ type: 'initializing', block });
  const work = active.init(config);
  const inTime = await settles(clock, work, initMs);
  try {
    if (!inTime) throw new SputnikError('TIMEOUT', `not initialised within ${initMs} ms`);
    await work;
  } catch (error) {
    active.abort();
    if (!inTime)
      void work
        .then(() => active.finish(true, landingMs))
        .then(
          () => active.end(),
          () => {},
        );
    emit({ type: 'failed', block, callback: 'init', error, decision: 'shutdown' });
    return { block, callback: 'init', error };
  }
  emit({ type: 'initialized', block });
  return undefined;
}
