import { isAbortError } from './abort.js';
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
 * Initialises a block, and says if it is ready. One that is not gets no `finish`, only its signal aborts; if its `init` succeeds
 * after the deadline after all, it is finished then (B3). Giving up since landing began is no failure (F3).
 */
export async function initialise(
  { active, config }: CrewMember,
  { clock, initMs, landingMs }: { readonly clock: Clock; readonly initMs: number; readonly landingMs: number },
  emit: (event: SputnikEvent) => void,
): Promise<{ readonly ready: boolean; readonly failure?: Failure }> {
  const { descriptor: block } = active;
  emit({ type: 'initializing', block });
  const tell = (error: unknown): void => emit({ type: 'failed', block, callback: 'init', error, decision: 'shutdown' });
  const work = active.init(config);
  const inTime = await settles(clock, work, initMs);
  try {
    if (!inTime) throw new SputnikError('TIMEOUT', `not initialised within ${initMs} ms`);
    await work;
  } catch (error) {
    active.abort();
    if (!inTime) void work.then(() => finishLate(active, landingMs), tell);
    if (isAbortError(error) && active.context.landing.aborted) return { ready: false };
    tell(error);
    return { ready: false, failure: { block, callback: 'init', error } };
  }
  emit({ type: 'initialized', block });
  return { ready: true };
}

async function finishLate(active: ActiveBlock, budgetMs: number): Promise<void> {
  await active.finish(true, budgetMs);
  active.end();
}
