import { Refused } from '../answer/refusals.js';

/** What a path says: the target, and whether the body is one message or a batch. */
export interface Address {
  readonly target: string;
  readonly isBatch: boolean;
}

const PREFIX = '/produce/';
const BATCH = '/batch';

/**
 * Parses `/produce/<target>` and `/produce/<target>/batch`. `url` is that of the request, `decoded` the part after `/produce/`, percent-decoded once.
 * Only a literal "/batch" makes a batch; a target may end with "%2Fbatch". Refuses what a client may have meant differently.
 */
export function addressOf(url: string, decoded: string): Address {
  checkQuery(url);
  const [path = ''] = url.split('?', 1);
  const rest = path.slice(PREFIX.length);
  if (rest === '') throw new Refused('BAD_REQUEST', 'there is no target; name it in the path, as in /produce/orders');
  const segments = rest.split('/');
  const last = segments.at(-1) ?? '';
  if (segments.includes(''))
    throw new Refused('BAD_REQUEST', `"${path}" has an empty segment; ${adviceOn(segments, last)}`);
  if (segments.length > 1 && last !== 'batch' && /^batch(?:;.*)?$/i.test(last))
    throw new Refused('BAD_REQUEST', `"${path}" is not a batch; ${WRITE_BATCH}, or "%2F${last}" if the target ends so`);
  const isBatch = segments.length > 1 && last === 'batch';
  const target = isBatch ? decoded.slice(0, -BATCH.length) : decoded;
  if (/\p{Cc}/u.test(target))
    throw new Refused('BAD_REQUEST', 'the target has control characters, which no server takes');
  return { target, isBatch };
}

/** Returns the target of `/request/<target>`. `decoded` is the part after `/request/`, percent-decoded once. */
export function requestTargetOf(url: string, decoded: string): string {
  checkQuery(url);
  if (decoded === '')
    throw new Refused('BAD_REQUEST', 'there is no target; name it in the path, as in /request/orders');
  if (/\p{Cc}/u.test(decoded))
    throw new Refused('BAD_REQUEST', 'the target has control characters, which no server takes');
  return decoded;
}

const WRITE_BATCH = 'write /produce/<target>/batch for a batch';

function adviceOn(segments: readonly string[], last: string): string {
  const slashes = 'write a slash at an end of the target, or beside another one, as %2F';
  return last === '' && segments.at(-2) === 'batch' ? `${WRITE_BATCH}, and ${slashes}` : slashes;
}

/** Throws BAD_REQUEST if there is a query or a fragment: nothing here has parameters, and none is ignored. */
export function checkQuery(url: string): void {
  if (url.includes('#')) throw new Refused('BAD_REQUEST', 'the path has a "#"; write it as %23');
  if (!url.includes('?')) return;
  const [name] = new URLSearchParams(url.split('?').slice(1).join('?')).keys();
  if (name !== undefined)
    throw new Refused(
      'BAD_REQUEST',
      `there is no query parameter ${JSON.stringify(name)}; leave it out, or write "?" as %3F`,
    );
}
