import { Refused } from './refusals.js';

/** What a path says: where messages are to go, and whether the body is one of them or a batch. */
export interface Address {
  readonly target: string;
  readonly isBatch: boolean;
}

const PREFIX = '/produce/';
const BATCH = '/batch';

/**
 * Reads `/produce/<target>` and `/produce/<target>/batch`. `url` is the request's own, `decoded` what stands behind `/produce/`,
 * percent-decoded once. Only a "/batch" that is written out makes a batch: with "%2Fbatch" a target may end that way.
 */
export function addressOf(url: string, decoded: string): Address {
  const [path = ''] = url.split(/[?#]/, 1);
  const isBatch = path.endsWith(BATCH) && path.length >= PREFIX.length + BATCH.length;
  const target = isBatch ? decoded.slice(0, -BATCH.length) : decoded;
  if (target === '') throw new Refused('BAD_REQUEST', 'there is no target; name it in the path, as in /produce/orders');
  if (/\p{Cc}/u.test(target))
    throw new Refused('BAD_REQUEST', 'the target has control characters; no server has such targets');
  return { target, isBatch };
}
