// All that we use of the Redis library beyond what it documents. `test/internals.test.ts` says so when the library has changed there.
import type { Redis } from 'ioredis';
import handlers from 'ioredis/built/DataHandler.js';

/** Where the library hands an answer to whom it is for. What that throws it throws again where nobody can catch it. */
type Dispatch = (this: { readonly redis: object }, handOver: () => void) => void;

const { prototype } = (handlers as unknown as { readonly default: { readonly prototype: { dispatch: Dispatch } } })
  .default;
const { dispatch } = prototype;

/** What is done about the answers of a client. */
export interface AnswerWatch {
  /** The server has said what the library trips over, such as an answer to nothing. */
  readonly failed: () => void;
  readonly isOver: () => boolean;
}

const watched = new WeakMap<object, AnswerWatch>();

// once for all clients of the process; those that are not ours are as they were
prototype.dispatch = function dispatchWatched(handOver) {
  const watch = watched.get(this.redis);
  if (watch === undefined) return dispatch.call(this, handOver);
  try {
    handOver();
  } catch {
    // guard: an answer that the library cannot take does not end the process
    watch.failed();
  }
  // The library would go on with all that it has; where a length is below zero it goes backward, and never comes to an end.
  // guard: what comes behind the end of a client is not read
  if (watch.isOver()) throw new Error('the client has ended');
};

/** Watches the answers of a client from now on. */
export function watchAnswers(redis: Redis, watch: AnswerWatch): void {
  watched.set(redis, watch);
}
