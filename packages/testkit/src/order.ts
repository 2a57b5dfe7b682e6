import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { numbered } from './messages.js';

const CHANGED = 'messages have changed their order';

/** Fails unless so many numbered messages are in order, each where it was first seen. Copies that come later are no matter. */
export function assertOrder(seen: readonly string[], count: number): void {
  assert.deepEqual([...new Set(seen)], numbered(count), CHANGED);
}

/**
 * The same, but for gaps: of what it had not acknowledged a server, killed, may have kept a message and not those before it. All that is
 * sent again: where there was a gap each message counts where it was last seen, which is what was acknowledged. What is there of each
 * connection has to be in order even so, all of it.
 */
export function assertOrderButForGaps(seen: readonly string[], count: number, connections: number): void {
  if (isDeepStrictEqual([...new Set(seen)], numbered(count))) return;
  assert.deepEqual([...new Set(seen.toReversed())].toReversed(), numbered(count), CHANGED);
  const stepsBack = seen.filter((payload, n) => Number(payload) <= Number(seen[n - 1])).length;
  assert.ok(stepsBack < connections, `${CHANGED}: ${connections} connections step back ${stepsBack} times`);
}
