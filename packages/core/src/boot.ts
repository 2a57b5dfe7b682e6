import { isAbortError } from './abort.js';
import type { ActiveBlock } from './active-block.js';
import { settles } from './clock.js';
import { SputnikError } from './errors.js';
import type { Failure } from './events.js';

/**
 * Initialises a block, and says if it is ready. One that is not gets no `finish`, only its signal aborts; if its `init` succeeds
 * after the deadline after all, it is finished then (B3). Giving up since landing began is no failure (F3).
 */
export async function initialise(active: ActiveBlock): Promise<{ ready: boolean; failure?: Failure }> {
  const { descriptor: block, control } = active;
  const { plan, emit } = control;
  emit({ type: 'initializing', block });
  const tell = (error: unknown): void => emit({ type: 'failed', block, callback: 'init', error, decision: 'shutdown' });
  const work = active.init();
  const inTime = await settles(plan.clock, work, plan.initMs);
  try {
    if (!inTime) throw new SputnikError('TIMEOUT', `not initialised within ${plan.initMs} ms`);
    await work;
    emit({ type: 'initialized', block });
    return { ready: true };
  } catch (error) {
    active.abort();
    if (!inTime)
      void work.then(
        () => active.finish(true, plan.landingMs),
        (late) => isAbortError(late) || tell(late),
      );
    if (isAbortError(error) && active.context.landing.aborted) return { ready: false };
    tell(error);
    return { ready: false, failure: { block, callback: 'init', error } };
  }
}
