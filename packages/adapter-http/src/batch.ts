import type { IncomingMessage } from 'node:http';
import type { ProduceMessage } from '@sputnikjs/messaging';
import { checkBody, mediaTypeOf } from './check.js';
import { EVENT_TYPE, EVENTS_TYPE, hasEventHeaders, structuredEvent } from './events.js';
import { idOf, type Scope } from './identity.js';
import { properties, propertiesOf } from './properties.js';
import { Refused } from './refusals.js';
import { elementsOf, linesOf } from './split.js';

const JSON_TYPE = 'application/json';
const LINES_TYPES = ['application/x-ndjson', 'application/ndjson', 'application/jsonl'];

/** What a batch can be. */
export const BATCH_TYPES: readonly string[] = [...LINES_TYPES, JSON_TYPE, EVENTS_TYPE];

/**
 * The messages of a request whose body is a batch, each alone right or wrong. Throws a refusal if the body as a whole is wrong:
 * UNSUPPORTED_TYPE, BAD_REQUEST, or TOO_LARGE if there are more than `most`.
 */
export function itemsOf(
  request: IncomingMessage,
  scope: Scope,
  body: Buffer,
  most: number,
): readonly (ProduceMessage | Refused)[] {
  const { headersDistinct } = request;
  const type = mediaTypeOf(headersDistinct['content-type']?.[0] ?? '');
  if (!BATCH_TYPES.includes(type))
    throw new Refused('UNSUPPORTED_TYPE', `a batch is one of ${BATCH_TYPES.join(', ')}, not "${type}"`);
  if (hasEventHeaders(headersDistinct))
    throw new Refused('BAD_REQUEST', 'headers of a CloudEvent (ce-…) are for one message, not for a batch');
  const { target } = scope;
  const { headers, key } = propertiesOf(request);
  const isLines = LINES_TYPES.includes(type);
  const parts = isLines ? linesOf(body, most) : elementsOf(body, most);
  return parts.map((payload, index) => {
    const id = key === undefined ? undefined : idOf('item', scope, key, `${index}`);
    try {
      if (type !== EVENTS_TYPE) {
        if (isLines) checkBody(JSON_TYPE, payload);
        return { target, payload, contentType: JSON_TYPE, ...properties(headers, id) };
      }
      const event = structuredEvent(payload);
      const all = { ...headers, ...event.headers };
      return {
        target,
        payload,
        contentType: EVENT_TYPE,
        ...properties(all, id ?? idOf('event', scope, ...event.identity)),
      };
    } catch (error) {
      if (error instanceof Refused) return error;
      throw error;
    }
  });
}
