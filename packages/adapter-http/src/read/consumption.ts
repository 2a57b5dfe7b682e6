import type { IncomingMessage } from 'node:http';
import { Refused } from '../answer/refusals.js';

/** How messages are written: a line of JSON each, or server-sent events. */
export type Format = 'lines' | 'events';

/** What a request to consume asks for. */
export interface Consumption {
  readonly source: string;
  /** The id of the last event that the client has, or the `sequence` of its last line; undefined if it begins with what comes. */
  readonly after: string | undefined;
  readonly format: Format;
  /** Messages at most; then the answer ends. */
  readonly max: number;
  /** How long the answer takes at most, in milliseconds. */
  readonly waitMs: number;
}

const LONGEST_WAIT = 86_400;

/** Parses `GET /consume/<source>?max=…&wait=…`. `decoded` is the part after `/consume/`, percent-decoded once. Refuses what it cannot keep. */
export function consumptionOf(request: IncomingMessage, decoded: string): Consumption {
  const { url = '', headers } = request;
  if (url.includes('#')) throw new Refused('BAD_REQUEST', 'the path has a "#"; write it as %23');
  if (decoded === '')
    throw new Refused('BAD_REQUEST', 'there is no source; name it in the path, as in /consume/orders');
  if (Number(headers['content-length'] ?? 0) > 0 || headers['transfer-encoding'] !== undefined)
    throw new Refused('BAD_REQUEST', 'the request has a body; leave it out');
  const after = headers['last-event-id'];
  return {
    source: decoded,
    // an empty one is that of a client that has no event yet
    after: typeof after === 'string' && after !== '' ? after : undefined,
    format: formatOf(headers.accept),
    ...boundsOf(url),
  };
}

function boundsOf(url: string): Pick<Consumption, 'max' | 'waitMs'> {
  const [, ...query] = url.split('?');
  const parameters = new URLSearchParams(query.join('?'));
  const found = { max: Infinity, wait: Infinity };
  for (const [name, value] of parameters) {
    if (name !== 'max' && name !== 'wait')
      throw new Refused('BAD_REQUEST', `there is no query parameter ${JSON.stringify(name)}; there are max and wait`);
    if (parameters.getAll(name).length > 1) throw new Refused('BAD_REQUEST', `"${name}" is given twice`);
    found[name] = Number(/^\d{1,9}$/.test(value) ? value : NaN);
  }
  if (Number.isNaN(found.max) || found.max < 1)
    throw new Refused('BAD_REQUEST', '"max" must be a number of messages, from 1');
  if (Number.isNaN(found.wait) || (found.wait !== Infinity && found.wait > LONGEST_WAIT))
    throw new Refused('BAD_REQUEST', `"wait" must be a whole number of seconds, up to ${LONGEST_WAIT}`);
  return { max: found.max, waitMs: found.wait * 1_000 };
}

/** Events only for who asks for them; lines for everybody else who takes them. */
function formatOf(accept = '*/*'): Format {
  const ranges = accept.split(',').map((range) => range.split(';', 1)[0]?.trim().toLowerCase() ?? '');
  if (ranges.includes('text/event-stream')) return 'events';
  if (ranges.some((range) => ['*/*', 'application/*', 'application/x-ndjson'].includes(range))) return 'lines';
  throw new Refused('NOT_ACCEPTABLE', `the request accepts "${accept}"`);
}
