// All that we use of the Redis library beyond what it documents. `test/internals.test.ts` says so when the library has changed there.
import type { Redis } from 'ioredis';
import handlers from 'ioredis/built/DataHandler.js';

/** Where the library hands an answer to whom it is for. What that throws it throws again where nobody can catch it. */
type Dispatch = (this: { readonly redis: object }, handOver: () => void) => void;

const { prototype } = (handlers as unknown as { readonly default: { readonly prototype: { dispatch: Dispatch } } })
  .default;
const { dispatch } = prototype;

/** Called when the server has said what the library trips over, such as an answer to nothing. */
type Failed = () => void;

const watched = new WeakMap<object, Failed>();

// once for all clients of the process; those that are not ours are as they were
prototype.dispatch = function dispatchWatched(handOver) {
  const failed = watched.get(this.redis);
  if (failed === undefined) return dispatch.call(this, handOver);
  try {
    handOver();
  } catch {
    // guard: an answer that the library cannot take does not end the process
    failed();
  }
};

/** Watches the answers of a client from now on. */
export function watchAnswers(redis: Redis, failed: Failed): void {
  watched.set(redis, failed);
}
