import type { IncomingMessage } from 'node:http';
import type { ProduceMessage } from '@sputnikjs/messaging';
import { checkBody, mediaTypeOf } from './check.js';
import { EVENT_TYPE, EVENTS_TYPE, hasEventHeaders, structuredEvent } from './events.js';
import { idOf, type Scope } from './identity.js';
import { properties, propertiesOf } from './properties.js';
import { Refused } from '../answer/refusals.js';
import { elementsOf, linesOf } from './split.js';

const JSON_TYPE = 'application/json';
const LINES_TYPES = ['application/x-ndjson', 'application/ndjson', 'application/jsonl'];

/** The media types of a batch. */
export const BATCH_TYPES: readonly string[] = [...LINES_TYPES, JSON_TYPE, EVENTS_TYPE];

/** The messages of a batch. */
export interface Batch {
  readonly size: number;
  /** Returns the message at an index, from 0, or what is wrong with it. */
  readonly item: (index: number) => ProduceMessage | Refused;
}

/**
 * Parses the body of a request as a batch. Throws a refusal if it is wrong as a whole: UNSUPPORTED_TYPE, BAD_REQUEST, or TOO_LARGE if it has
 * more than `most` messages.
 */
export function batchOf(request: IncomingMessage, scope: Scope, body: Buffer, most: number): Batch {
  const { headersDistinct } = request;
  const type = mediaTypeOf(headersDistinct['content-type']?.[0] ?? '');
  if (!BATCH_TYPES.includes(type))
    throw new Refused('UNSUPPORTED_TYPE', `a batch is one of ${BATCH_TYPES.join(', ')}, not "${type}"`);
  if (hasEventHeaders(headersDistinct))
    throw new Refused(
      'BAD_REQUEST',
      'headers of a CloudEvent (ce-…) are for one message, not for a batch; leave them out',
    );
  const { target } = scope;
  const { headers, key } = propertiesOf(request);
  const isLines = LINES_TYPES.includes(type);
  const parts = isLines ? linesOf(body, most) : elementsOf(body, most);
  const message = (payload: Buffer, index: number): ProduceMessage => {
    const id = key === undefined ? undefined : idOf('item', scope, key, `${index}`);
    if (type !== EVENTS_TYPE) {
      if (isLines) checkBody(JSON_TYPE, payload);
      return { target, payload, contentType: JSON_TYPE, ...properties(headers, id) };
    }
    const event = structuredEvent(payload);
    const all = { ...headers, ...event.headers };
    const own = properties(all, id ?? idOf('event', scope, ...event.identity));
    return { target, payload, contentType: EVENT_TYPE, ...own };
  };
  return {
    size: parts.length,
    item(index) {
      try {
        return message(parts[index] ?? Buffer.alloc(0), index);
      } catch (error) {
        if (error instanceof Refused) return error;
        throw error;
      }
    },
  };
}
