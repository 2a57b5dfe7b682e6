// All that we use of the Redis library beyond what it documents. `test/internals.test.ts` says so when the library has changed there.
import type { Redis } from 'ioredis';
import handlers from 'ioredis/built/DataHandler.js';

/** Where the library hands an answer to whom it is for. What that throws it throws again where nobody can catch it. */
type Dispatch = (this: { readonly redis: object }, handOver: () => void) => void;

const { prototype } = (handlers as unknown as { readonly default: { readonly prototype: { dispatch: Dispatch } } })
  .default;
const { dispatch } = prototype;
const watched = new WeakMap<object, () => void>();

// once for all clients of the process; those that are not ours are as they were
prototype.dispatch = function dispatchWatched(handOver) {
  const onBadAnswer = watched.get(this.redis);
  if (onBadAnswer === undefined) return dispatch.call(this, handOver);
  try {
    handOver();
  } catch {
    // guard: an answer that the library cannot take does not end the process
    onBadAnswer();
  }
};

/** Calls `onBadAnswer` when the server says what the library trips over, such as an answer to nothing. */
export function watchAnswers(redis: Redis, onBadAnswer: () => void): void {
  watched.set(redis, onBadAnswer);
}
